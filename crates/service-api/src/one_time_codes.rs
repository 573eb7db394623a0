//! Give me a code that only the owner of this mail address can have, and: is this it? Asked by customer management,
//! answered by otp (contract §4).

use std::fmt;

use async_trait::async_trait;
use colloquy_contracts::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{CallError, ServiceClient};

/// Where the wire asks for the live code, or for one if there is none.
pub const GENERATE_PATH: &str = "/internal/generate/email";
/// Where the wire asks for a new code in any case.
pub const RESEND_PATH: &str = "/internal/resend/email";
/// Where the wire asks whether a code is right.
pub const VALIDATE_PATH: &str = "/internal/validate/email";

/// Six decimal digits that only the owner of the mail address may read.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(pattern = "^[0-9]{6}$")]
pub struct OneTimeCode(pub String);

impl fmt::Debug for OneTimeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeCode(redacted)")
    }
}

/// A requester of codes, as customer management tells one from another (decision 38): a fingerprint of the cookie that a
/// request for a code set, or of a client address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct Requester(pub String);

/// A request for a code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Asking {
    /// The requester, as it tries codes if nothing changes.
    pub requester: Requester,
    /// The same requester, as it tries codes once it sends the cookie that the answer sets.
    pub alias: Option<Requester>,
    /// Whether a live code, if there is one, will be mailed again.
    pub again: bool,
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
    /// Whether the code was issued before, and the requester still has tries of it: then it need not be mailed again.
    #[serde(default)]
    pub already_issued: bool,
    /// Whether the code was issued before to other requesters as well: a new one would end theirs.
    #[serde(default)]
    pub shared: bool,
}

/// Whose code, on the wire.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct CodeRequest {
    /// The mail address; compared without case.
    pub email: String,
    /// The request. A caller that knows no requesters leaves it out: then all are one.
    #[serde(flatten)]
    pub asking: Asking,
}

/// One try of a code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Typed {
    /// What was typed.
    #[schema(value_type = String)]
    pub otp_code: OneTimeCode,
    /// The requester.
    #[serde(default)]
    pub requester: Requester,
    /// Whether the code is right only if it was mailed because this requester asked.
    #[serde(default)]
    pub only_asker: bool,
}

/// A try, on the wire.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct CodeTry {
    /// The mail address; compared without case.
    pub email: String,
    /// The code that was typed, and by which requester.
    #[serde(flatten)]
    pub typed: Typed,
}

/// Makes and checks one-time codes.
#[async_trait]
pub trait OneTimeCodes: Send + Sync + 'static {
    /// The live code of an address, or a new one. A code that the requester has no tries left of is replaced; if others
    /// asked for it as well it stays, and the requester has tries anew.
    ///
    /// # Errors
    /// The answer could not be had.
    async fn generate(&self, email: &str, asking: &Asking) -> Result<IssuedCode, CallError>;

    /// A new code; an earlier one stops working.
    ///
    /// # Errors
    /// The answer could not be had.
    async fn resend(&self, email: &str, asking: &Asking) -> Result<IssuedCode, CallError>;

    /// Whether this is the live code. A right code is used up: of many at once, one is right. A requester has five
    /// tries of a code.
    ///
    /// # Errors
    /// The answer could not be had.
    async fn validate(&self, email: &str, typed: &Typed) -> Result<bool, CallError>;
}

impl Default for Asking {
    fn default() -> Self {
        Self {
            requester: Requester::default(),
            alias: None,
            again: true,
        }
    }
}

impl Asking {
    /// The names of the requester.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let alias = self.alias.iter();
        std::iter::once(&self.requester)
            .chain(alias)
            .map(|name| name.0.as_str())
    }
}

#[async_trait]
impl OneTimeCodes for ServiceClient {
    async fn generate(&self, email: &str, asking: &Asking) -> Result<IssuedCode, CallError> {
        issue(self, GENERATE_PATH, email, asking).await
    }

    async fn resend(&self, email: &str, asking: &Asking) -> Result<IssuedCode, CallError> {
        issue(self, RESEND_PATH, email, asking).await
    }

    async fn validate(&self, email: &str, typed: &Typed) -> Result<bool, CallError> {
        let request = CodeTry {
            email: email.to_owned(),
            typed: typed.clone(),
        };
        let right = self.post(VALIDATE_PATH, &request).await?;
        Ok(right.unwrap_or(false))
    }
}

async fn issue(
    client: &ServiceClient,
    path: &str,
    email: &str,
    asking: &Asking,
) -> Result<IssuedCode, CallError> {
    let request = CodeRequest {
        email: email.to_owned(),
        asking: asking.clone(),
    };
    let issued = client.post(path, &request).await?;
    issued.ok_or(CallError::Unavailable(client.callee(), None))
}
