//! Is this the password of that account? Asked by auth, answered by customer management.

use async_trait::async_trait;
use colloquy_contracts::{CustomerId, SessionNumber};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{CallError, ServiceClient};

/// An account whose password was right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// Whose account.
    pub customer_id: CustomerId,
    /// The username as it was typed at sign-up.
    pub username: String,
    /// The full name now.
    pub full_name: String,
    /// The roles, as tokens carry them.
    pub roles: Vec<String>,
    /// The number of the password that was right, read together with it: what the session carries.
    pub session_number: SessionNumber,
}

/// The question on the wire.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(description = "A username and a password.")]
pub struct Credential {
    /// The username as typed; compared without case.
    pub username: String,
    /// The password as typed.
    pub password: String,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credential(redacted)")
    }
}

/// Where the wire asks.
pub const PATH: &str = "/internal/credential/check";

/// Checks a username and a password.
#[async_trait]
pub trait CredentialCheck: Send + Sync + 'static {
    /// The account, or `None`: the same, and in the same time, for an unknown user and a wrong password.
    ///
    /// # Errors
    /// The answer could not be had.
    async fn check(&self, credential: &Credential) -> Result<Option<Account>, CallError>;
}

#[async_trait]
impl CredentialCheck for ServiceClient {
    async fn check(&self, credential: &Credential) -> Result<Option<Account>, CallError> {
        self.post(PATH, credential).await
    }
}
