//! The port: what takes a mail out of our hands.

pub mod folder;
pub mod smtp;

use async_trait::async_trait;

use crate::Letter;

/// Why a mail was not taken over. The reasons are for the log: they hold codes and kinds of failure, never a word of
/// the mail, and never a text that a mail server wrote after it was told the recipient.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// This mail never will be: trying again is of no use.
    #[error("refused for good: {0}")]
    Refused(String),
    /// The same mail may be taken later.
    #[error("not now: {0}")]
    NotNow(String),
}

/// Delivers mails, or hands them to whoever does.
#[async_trait]
pub trait MailTransport: Send + Sync + 'static {
    /// Hands one mail over. Answers within 12 seconds.
    ///
    /// # Errors
    /// It was not taken; or, with [`TransportError::NotNow`], it is not known whether it was.
    async fn deliver(&self, letter: &Letter) -> Result<(), TransportError>;
}
