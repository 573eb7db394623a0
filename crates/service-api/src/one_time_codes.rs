//! Give me a code that only the owner of this mail address can have, and: is this it? Asked by customer management,
//! answered by otp (contract §4).

use std::fmt;

use async_trait::async_trait;
use colloquy_contracts::Timestamp;
use http::Method;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{CallError, ServiceClient};

/// Where the wire asks for the live code, or for one if there is none.
pub const GENERATE_PATH: &str = "/internal/generate/email";
/// Where the wire asks for a new code in any case.
pub const RESEND_PATH: &str = "/internal/resend/email";
/// Where the wire asks whether a code is right.
pub const VALIDATE_PATH: &str = "/internal/validate/email";

/// Six decimal digits that nobody else may read.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(pattern = "^[0-9]{6}$")]
pub struct OneTimeCode(pub String);

impl fmt::Debug for OneTimeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeCode(redacted)")
    }
}

/// A code that is alive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IssuedCode {
    /// The code.
    pub otp_code: OneTimeCode,
    /// A sentence; begins with `Existing` when a live code was reused.
    pub status_message: String,
    /// From then on the code is refused.
    pub expires_at: Timestamp,
}

/// Whose code, on the wire.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct CodeRequest {
    /// The mail address; compared without case.
    pub email: String,
}

/// A try, on the wire.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CodeTry {
    /// The mail address; compared without case.
    pub email: String,
    /// What somebody typed.
    #[schema(value_type = String)]
    pub otp_code: OneTimeCode,
}

/// Makes and checks one-time codes.
#[async_trait]
pub trait OneTimeCodes: Send + Sync + 'static {
    /// The live code of an address, or a new one.
    ///
    /// # Errors
    /// The answer could not be had.
    async fn generate(&self, email: &str) -> Result<IssuedCode, CallError>;

    /// A new code; an earlier one stops working.
    ///
    /// # Errors
    /// The answer could not be had.
    async fn resend(&self, email: &str) -> Result<IssuedCode, CallError>;

    /// Whether this is the live code. A right code is used up: of many at once, one is told yes. Five wrong tries kill
    /// the code.
    ///
    /// # Errors
    /// The answer could not be had.
    async fn validate(&self, email: &str, code: &OneTimeCode) -> Result<bool, CallError>;
}

#[async_trait]
impl OneTimeCodes for ServiceClient {
    async fn generate(&self, email: &str) -> Result<IssuedCode, CallError> {
        issue(self, GENERATE_PATH, email).await
    }

    async fn resend(&self, email: &str) -> Result<IssuedCode, CallError> {
        issue(self, RESEND_PATH, email).await
    }

    async fn validate(&self, email: &str, code: &OneTimeCode) -> Result<bool, CallError> {
        let request = CodeTry {
            email: email.to_owned(),
            otp_code: code.clone(),
        };
        let right = self
            .ask(Method::POST, VALIDATE_PATH, Some(&request))
            .await?;
        Ok(right.unwrap_or(false))
    }
}

async fn issue(client: &ServiceClient, path: &str, email: &str) -> Result<IssuedCode, CallError> {
    let request = CodeRequest {
        email: email.to_owned(),
    };
    let issued = client.ask(Method::POST, path, Some(&request)).await?;
    issued.ok_or(CallError::Unavailable(client.callee(), None))
}
