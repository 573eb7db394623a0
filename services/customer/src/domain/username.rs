//! The name that a customer logs in with.

use colloquy_text::{is_of_usernames, mixes_scripts, trimmed};

use super::BrokenRule;

pub(crate) const LENGTH: std::ops::RangeInclusive<usize> = 3..=64;

/// A username as typed: 3 to 64 characters, letters of any script, digits, signs and plain spaces between them; no
/// other white space, nothing invisible, unassigned or private, and no mixture of scripts that look alike (decision 37).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    /// Checks a text; white space around it is dropped.
    ///
    /// # Errors
    /// It breaks the rule.
    pub fn parse(text: &str) -> Result<Self, BrokenRule> {
        let name = trimmed(text);
        if !LENGTH.contains(&name.chars().count()) || !name.chars().all(is_of_usernames) {
            return Err(BrokenRule("A username has 3 to 64 visible characters."));
        }
        if mixes_scripts(name) {
            return Err(BrokenRule("A username is written in one script."));
        }
        Ok(Self(name.to_owned()))
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
            assert!(Username::parse(&"ữ".repeat(length)).is_ok(), "{length}");
        }
        for length in [0, 1, 2, 65] {
            assert!(Username::parse(&"ữ".repeat(length)).is_err(), "{length}");
        }
    }

    #[test]
    fn decision_31_a_username_stays_as_typed() {
        for typed in ["user1", "Đặng.Phát", "an nguyễn", "a'; --", "%_%", "用户名"] {
            let username = Username::parse(typed).unwrap();
            assert_eq!(username.into_string(), typed);
        }
    }

    #[test]
    fn s31_what_is_invisible_is_no_part_of_a_username() {
        for typed in [
            "   ",
            "an\r\nBcc: x",
            "an\0x",
            "an\tx",
            "an\u{a0}x",
            "an\u{200b}x",
            "an\u{202e}x",
            "an\u{ad}x",
            "an\u{85}x",
            "an\n",
        ] {
            assert!(Username::parse(typed).is_err(), "{typed:?}");
        }
    }

    #[test]
    fn b12_a_username_lasts_and_mixes_no_scripts() {
        for typed in [
            "usеr1",
            "Αnna",
            "an\u{378}x",
            "an\u{e000}x",
            "us\u{200d}er1",
            "an\u{fe0f}x",
        ] {
            assert!(Username::parse(typed).is_err(), "{typed:?}");
        }
        for typed in ["ｕｓｅｒ９", "алиса1", "用户 tom", "an  nguyễn", "weiß"] {
            assert_eq!(Username::parse(typed).unwrap().into_string(), typed);
        }
    }

    #[test]
    fn b16_white_space_around_a_username_is_dropped() {
        for typed in [" user1", "user1 ", "\u{a0}user1\t", "\u{feff}user1\u{200b}"] {
            assert_eq!(
                Username::parse(typed).unwrap().into_string(),
                "user1",
                "{typed:?}"
            );
        }
    }
}
