//! The name that others see.

use colloquy_text::{is_one_line, shows_something};

use super::BrokenRule;

pub(crate) const MAX: usize = 100;

/// A full name: 1 to 100 characters without the white space around it, on one line, something of it visible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullName(String);

impl FullName {
    /// Checks a text; white space around it is dropped.
    ///
    /// # Errors
    /// It breaks the rule.
    pub fn parse(text: &str) -> Result<Self, BrokenRule> {
        let name = text.trim();
        let well_formed = name.chars().count() <= MAX && is_one_line(text) && shows_something(name);
        well_formed.then(|| Self(name.to_owned())).ok_or(BrokenRule(
            "A full name has 1 to 100 characters, on one line.",
        ))
    }

    /// The name.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decision_31_a_full_name_counts_unicode_scalar_values() {
        assert!(FullName::parse(&"ữ".repeat(MAX)).is_ok());
        assert!(FullName::parse(&"ữ".repeat(MAX + 1)).is_err());
        assert_eq!(
            FullName::parse(" Vũ Thanh Hải ").unwrap().into_string(),
            "Vũ Thanh Hải"
        );
    }

    #[test]
    fn s31_a_full_name_is_one_visible_line() {
        for text in [
            "",
            " \t\n",
            "\u{200d}",
            "\u{3164} \u{200b}",
            "\u{2800}\u{115f}",
            "An\r\nBcc: x@example.com",
            "An\nX",
            "An\r\n",
            "An\0X",
            "An\u{2028}X",
            "An\u{202e}X",
        ] {
            assert!(FullName::parse(text).is_err(), "{text:?}");
        }
        // Joiners are part of the spelling in many scripts, and of emoji.
        for text in ["क्\u{200d}ष", "👩\u{200d}🚀", "O'Brien; --", "<b>An</b>"] {
            assert!(FullName::parse(text).is_ok(), "{text:?}");
        }
    }
}
