//! The name of a room.

use colloquy_text::{is_one_line, shows_something};

/// The longest name, in Unicode scalar values.
pub const MAX_NAME: usize = 100;

/// A room's name as typed: something visible on one line, at most [`MAX_NAME`] characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomName(String);

/// Why a text is no room name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoomNameError {
    /// Nothing of it is visible.
    #[error("blank room name")]
    Blank,
    /// Over [`MAX_NAME`] characters.
    #[error("room name too long")]
    TooLong,
    /// Holds the end of a line, a control character or an override of direction.
    #[error("room name that is not one line")]
    NotOneLine,
}

impl RoomName {
    /// Checks a text.
    ///
    /// # Errors
    /// It breaks a rule.
    pub fn parse(text: String) -> Result<Self, RoomNameError> {
        if !shows_something(&text) {
            return Err(RoomNameError::Blank);
        }
        if text.chars().count() > MAX_NAME {
            return Err(RoomNameError::TooLong);
        }
        if !is_one_line(&text) {
            return Err(RoomNameError::NotOneLine);
        }
        Ok(Self(text))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contract_3_command_a_name_is_not_blank_and_has_no_nul() {
        for blank in ["", " ", "\t\n", "\u{2003}"] {
            assert_eq!(RoomName::parse(blank.into()), Err(RoomNameError::Blank));
        }
        let refused = RoomName::parse("a\0b".into());
        assert_eq!(refused, Err(RoomNameError::NotOneLine));
    }

    #[test]
    fn b15_a_room_name_is_one_visible_line() {
        for blank in ["\u{200b}", "\u{2060}\u{feff}", "\u{3164} \u{ad}", "\u{1b}"] {
            let refused = RoomName::parse(blank.into());
            assert_eq!(refused, Err(RoomNameError::Blank), "{blank:?}");
        }
        for lines in [
            "a\nb",
            "a\r\n",
            "a\u{1b}[2J",
            "a\u{202e}b",
            "a\u{2067}b",
            "a\u{2028}",
        ] {
            let refused = RoomName::parse(lines.into());
            assert_eq!(refused, Err(RoomNameError::NotOneLine), "{lines:?}");
        }
        for name in ["👩\u{200d}🚀 ❤\u{fe0f}", "می\u{200c}خواهم", "กลุ่ม"] {
            assert_eq!(RoomName::parse(name.into()).unwrap().as_str(), name);
        }
    }

    #[test]
    fn decision_31_a_name_counts_unicode_scalar_values() {
        assert!(RoomName::parse("ữ".repeat(MAX_NAME)).is_ok());
        assert_eq!(
            RoomName::parse("ữ".repeat(MAX_NAME + 1)),
            Err(RoomNameError::TooLong)
        );
    }

    #[test]
    fn contract_3_command_a_name_stays_as_typed() {
        assert_eq!(
            RoomName::parse("  Nhóm 1 ".into()).unwrap().as_str(),
            "  Nhóm 1 "
        );
    }
}
