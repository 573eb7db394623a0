//! What somebody logs in with.

use colloquy_text::characters::is_invisible;

use super::BrokenRule;

pub(crate) const LENGTH: std::ops::RangeInclusive<usize> = 3..=64;

/// A username as typed: 3 to 64 characters, letters of any script, digits, signs and plain spaces between them; no
/// other white space, nothing invisible, no space around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    /// Checks a text.
    ///
    /// # Errors
    /// It breaks the rule.
    pub fn parse(text: String) -> Result<Self, BrokenRule> {
        let well_formed = LENGTH.contains(&text.chars().count())
            && text.trim().len() == text.len()
            && text
                .chars()
                .all(|c| c == ' ' || !(c.is_whitespace() || is_invisible(c)));
        well_formed.then_some(Self(text)).ok_or(BrokenRule(
            "A username has 3 to 64 visible characters and no leading or trailing spaces.",
        ))
    }

    /// The username.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decision_31_a_username_counts_unicode_scalar_values() {
        for length in [3, 64] {
            assert!(Username::parse("ữ".repeat(length)).is_ok(), "{length}");
        }
        for length in [0, 1, 2, 65] {
            assert!(Username::parse("ữ".repeat(length)).is_err(), "{length}");
        }
    }

    #[test]
    fn decision_31_a_username_stays_as_typed() {
        for typed in ["user1", "Đặng.Phát", "an nguyễn", "a'; --", "%_%", "用户名"] {
            let username = Username::parse(typed.to_owned()).unwrap();
            assert_eq!(username.into_string(), typed);
        }
    }

    #[test]
    fn s31_what_cannot_be_seen_is_no_part_of_a_username() {
        for typed in [
            " an nguyen",
            "an nguyen ",
            "   ",
            "an\r\nBcc: x",
            "an\0x",
            "an\tx",
            "an\u{a0}x",
            "an\u{200b}x",
            "an\u{202e}x",
            "an\u{ad}x",
            "\u{feff}anx",
            "an\u{85}x",
        ] {
            assert!(Username::parse(typed.to_owned()).is_err(), "{typed:?}");
        }
    }
}
