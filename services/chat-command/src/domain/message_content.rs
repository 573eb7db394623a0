//! The text of a message.

use colloquy_text::shows_something;

/// A message's text as typed: something of it visible, within the limit, no NUL.
#[derive(Clone, PartialEq, Eq)]
pub struct MessageContent(String);

/// Why a text is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageContentError {
    /// Nothing of it is visible.
    #[error("blank message")]
    Blank,
    /// Over the limit.
    #[error("message over {0} characters")]
    TooLong(usize),
    /// Holds a NUL, which PostgreSQL cannot store.
    #[error("nul in message")]
    Nul,
}

impl MessageContent {
    /// Checks a text against a limit in Unicode scalar values.
    ///
    /// # Errors
    /// It breaks a rule.
    pub fn parse(text: String, limit: usize) -> Result<Self, MessageContentError> {
        if !shows_something(&text) {
            return Err(MessageContentError::Blank);
        }
        // A character has at least one byte, so most texts need no counting.
        if text.len() > limit && text.chars().count() > limit {
            return Err(MessageContentError::TooLong(limit));
        }
        if text.contains('\0') {
            return Err(MessageContentError::Nul);
        }
        Ok(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Message text is never logged.
impl std::fmt::Debug for MessageContent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MessageContent({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contract_3_command_a_message_is_not_blank_and_has_no_nul() {
        for blank in ["", " ", "\r\n\t", "\u{a0}"] {
            assert_eq!(
                MessageContent::parse(blank.into(), 10),
                Err(MessageContentError::Blank)
            );
        }
        assert_eq!(
            MessageContent::parse("a\0".into(), 10),
            Err(MessageContentError::Nul)
        );
    }

    #[test]
    fn b15_a_message_shows_something() {
        for blank in [
            "\u{200b}",
            "\u{2060}",
            "\u{feff}",
            " \u{200d}\u{fe0f}\n",
            "\u{202e}",
        ] {
            let refused = MessageContent::parse(blank.into(), 10);
            assert_eq!(refused, Err(MessageContentError::Blank), "{blank:?}");
        }
        for text in ["👩\u{200d}🚀", "a\n\tb", "\u{202e}a", "می\u{200c}خواهم"] {
            assert!(MessageContent::parse(text.into(), 10).is_ok(), "{text:?}");
        }
    }

    #[test]
    fn decision_31_a_message_counts_unicode_scalar_values() {
        assert!(MessageContent::parse("😀".repeat(10), 10).is_ok());
        assert_eq!(
            MessageContent::parse("😀".repeat(11), 10),
            Err(MessageContentError::TooLong(10))
        );
    }

    #[test]
    fn style_18_a_message_does_not_show_its_text() {
        let content = MessageContent::parse("secret".into(), 10).unwrap();
        assert!(!format!("{content:?}").contains("secret"));
    }
}
