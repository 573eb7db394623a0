//! Their password has changed: end their sessions. Asked by customer management, answered by auth (decision 23).

use std::net::IpAddr;

use async_trait::async_trait;
use colloquy_contracts::{CustomerId, SessionNumber};
use colloquy_credentials::identity::SessionId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{CallError, ServiceClient};

/// Where the wire says which sessions end.
pub const END_PATH: &str = "/internal/sessions/end";
/// Where the wire asks whether sessions could be ended now.
pub const READY_PATH: &str = "/internal/sessions/ready";

/// Which sessions, on the wire: all with a smaller number, but perhaps one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EndSessions {
    /// The customer whose sessions end.
    pub customer_id: CustomerId,
    /// The number of the new password: sessions that began with it go on.
    pub before: SessionNumber,
    /// The one that goes on.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub except: Option<SessionId>,
    /// How the password changed, if it was reset by mail.
    #[serde(default)]
    pub reset: Option<ResetByMail>,
}

/// A password that was reset by mail, which proves more than a login does: every wait of the account is lifted, and the
/// place of the reset is a known one (decision 30).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResetByMail {
    /// The name of the account.
    pub username: String,
    /// The address that the password was reset from, unless it is unknown.
    #[schema(value_type = Option<String>)]
    pub client: Option<IpAddr>,
}

/// Ends the sessions of customers, in auth.
#[async_trait]
pub trait SessionEnding: Send + Sync + 'static {
    /// Ends every session of a customer that began with an earlier password. When this has returned, no reader of
    /// revocations lets them in. After a reset by mail every wait of the account is lifted besides. Late, or asked
    /// again, it ends no other ones. Takes up to two seconds while a reader of revocations does not answer.
    ///
    /// # Errors
    /// It is not known whether they have ended.
    async fn end_earlier(&self, ending: &EndSessions) -> Result<(), CallError>;

    /// Whether sessions could be ended now: asked before something that has to end them is done.
    ///
    /// # Errors
    /// They could not.
    async fn ready(&self) -> Result<(), CallError>;
}

#[async_trait]
impl SessionEnding for ServiceClient {
    async fn end_earlier(&self, ending: &EndSessions) -> Result<(), CallError> {
        self.post::<()>(END_PATH, ending).await?;
        Ok(())
    }

    async fn ready(&self) -> Result<(), CallError> {
        self.get::<()>(READY_PATH).await?;
        Ok(())
    }
}
