//! Send this mail. Asked by customer management, answered by mail (contract §4).

use async_trait::async_trait;
use colloquy_contracts::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{CallError, ServiceClient};

/// Where the wire asks.
pub const PATH: &str = "/internal/send";

/// A mail that is to be sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Mail {
    /// One address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// Plain text; an HTML form is made of it.
    pub body: String,
    /// From then on the mail is worth nothing, and is not sent any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// Addresses, subjects and texts never stand in a log.
impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mail(redacted)")
    }
}

/// Sends mail, sooner or later.
#[async_trait]
pub trait Mailer: Send + Sync + 'static {
    /// Takes a mail. When this has returned the mail is kept until it was sent, or has expired.
    ///
    /// # Errors
    /// It cannot be kept, or is no mail.
    async fn send(&self, mail: &Mail) -> Result<(), CallError>;
}

#[async_trait]
impl Mailer for ServiceClient {
    async fn send(&self, mail: &Mail) -> Result<(), CallError> {
        self.post::<()>(PATH, mail).await?;
        Ok(())
    }
}
