//! Characters that show nothing, and characters that steer what is shown after them.

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{DefaultIgnorableCodePoint, GeneralCategory, PrependedConcatenationMark},
};

/// A cell without dots: the one symbol that is drawn as nothing.
const BLANK_BRAILLE: char = '\u{2800}';
/// A dash that Unicode counts among the signs of mathematics.
const MINUS: char = '\u{2212}';

/// Whether a reader sees anything of this text: something besides spaces, joiners, marks of direction and fillers.
#[must_use]
pub fn shows_something(text: &str) -> bool {
    text.chars().any(|c| !c.is_whitespace() && !is_invisible(c))
}

/// Whether this text stays on its line and leaves what is shown after it alone: no end of a line, no control, no
/// override, embedding or isolate of direction.
#[must_use]
pub fn is_one_line(text: &str) -> bool {
    !text.chars().any(is_steering)
}

/// A text without what is around it and was not typed on purpose: spaces, tabs, and what is invisible by its nature. An
/// end of a line stays: a field of one line that holds one was not typed into such a field.
#[must_use]
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| {
        c == '\t' || category(c) == GeneralCategory::SpaceSeparator || is_ignorable(c)
    })
}

/// Unicode asks to show nothing in its place: joiners, soft hyphens, marks of direction, variation selectors, fillers.
#[must_use]
pub fn is_ignorable(character: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
}

/// Shows nothing of its own. White space is another matter.
#[must_use]
pub fn is_invisible(character: char) -> bool {
    is_ignorable(character)
        || character == BLANK_BRAILLE
        || match category(character) {
            GeneralCategory::Control => true,
            // A few signs of Arabic and Syriac are formats and are drawn all the same.
            GeneralCategory::Format => {
                !CodePointSetData::new::<PrependedConcatenationMark>().contains(character)
            }
            _ => false,
        }
}

/// Any dash: hyphens, the dashes of typography, and the minus sign.
#[must_use]
pub fn is_dash(character: char) -> bool {
    character == MINUS || category(character) == GeneralCategory::DashPunctuation
}

pub(crate) fn category(character: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(character)
}

fn is_steering(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b15_nothing_is_shown_by_spaces_and_invisible_characters_alone() {
        for text in [
            "",
            " \t\r\n",
            "\u{a0}\u{2003}\u{3000}",
            "\u{200b}",
            "\u{2060}",
            "\u{feff}",
            "\u{200d}\u{200c}",
            "\u{ad}",
            "\u{34f}\u{61c}",
            "\u{115f}\u{1160}\u{3164}\u{ffa0}",
            "\u{180e}\u{fe0f}\u{e0020}",
            "\u{2066}\u{2069}\u{202e}",
            "\u{2800}",
            "\u{fff9}\u{1b}",
        ] {
            assert!(!shows_something(text), "{text:?}");
        }
    }

    #[test]
    fn b15_every_script_and_every_emoji_shows_something() {
        for text in [
            ".",
            "Vũ Thanh Hải",
            "क्\u{200d}ष",
            "می\u{200c}خواهم",
            "👩\u{200d}🚀",
            "❤\u{fe0f}",
            "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
            "\u{600}",
            "\u{6dd}",
            "\u{200b}a",
        ] {
            assert!(shows_something(text), "{text:?}");
            assert!(is_one_line(text), "{text:?}");
        }
    }

    #[test]
    fn b15_a_line_has_no_end_no_control_and_no_override_of_direction() {
        for steering in [
            '\n', '\r', '\t', '\0', '\u{1b}', '\u{7f}', '\u{85}', '\u{9b}', '\u{2028}', '\u{2029}',
            '\u{202a}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2069}',
        ] {
            assert!(!is_one_line(&format!("An{steering}X")), "{steering:?}");
        }
        // Marks of direction, which steer nothing, are typed in names of two scripts.
        assert!(is_one_line("אן\u{200f} An\u{200e}"));
    }

    #[test]
    fn b16_what_is_not_typed_on_purpose_is_around_a_text() {
        for typed in [
            "user1 ",
            "\tuser1  ",
            "\u{feff}user1\u{200b}",
            "\u{3000}user1\u{a0}",
            "\u{202a}user1\u{202c}",
        ] {
            assert_eq!(trimmed(typed), "user1", "{typed:?}");
        }
        assert_eq!(trimmed(" an  nguyen "), "an  nguyen");
        assert_eq!(trimmed(" \u{200b} "), "");
        assert_eq!(trimmed("user1\r\n"), "user1\r\n");
    }
}
