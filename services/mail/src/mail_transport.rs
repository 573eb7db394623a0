//! The port: the delivery of mails.

pub mod folder;
pub mod smtp;

use async_trait::async_trait;

use crate::Letter;

/// Why a mail was not delivered. The reasons are for the log: they hold codes and kinds of failure, never a word of the
/// mail, and never a text that a mail server wrote once it knew the recipient.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The mail will never be delivered: another try is of no use.
    #[error("refused for good: {0}")]
    Refused(String),
    /// The same mail may be delivered later.
    #[error("not now: {0}")]
    NotNow(String),
}

/// Delivers mails, or hands them to a server that does.
#[async_trait]
pub trait MailTransport: Send + Sync + 'static {
    /// Delivers one mail. Answers within 12 seconds.
    ///
    /// # Errors
    /// The mail was not delivered; or, with [`TransportError::NotNow`], it is not known whether it was.
    async fn deliver(&self, letter: &Letter) -> Result<(), TransportError>;
}
