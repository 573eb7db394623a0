//! What a room is called.

/// The longest name, in Unicode scalar values.
pub const MAX_NAME: usize = 100;

/// A room's name as typed: not blank, at most [`MAX_NAME`] characters, no NUL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomName(String);

/// Why a text is no room name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoomNameError {
    /// Nothing but white space.
    #[error("blank room name")]
    Blank,
    /// Over [`MAX_NAME`] characters.
    #[error("room name too long")]
    TooLong,
    /// Holds a NUL, which PostgreSQL cannot store.
    #[error("nul in room name")]
    Nul,
}

impl RoomName {
    /// Checks a text.
    ///
    /// # Errors
    /// It breaks a rule.
    pub fn parse(text: String) -> Result<Self, RoomNameError> {
        if text.trim().is_empty() {
            return Err(RoomNameError::Blank);
        }
        if text.chars().count() > MAX_NAME {
            return Err(RoomNameError::TooLong);
        }
        if text.contains('\0') {
            return Err(RoomNameError::Nul);
        }
        Ok(Self(text))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
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
    fn contract_3_command_a_name_is_not_blank_and_has_no_nul() {
        for blank in ["", " ", "\t\n", "\u{2003}"] {
            assert_eq!(RoomName::parse(blank.into()), Err(RoomNameError::Blank));
        }
        assert_eq!(RoomName::parse("a\0b".into()), Err(RoomNameError::Nul));
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
