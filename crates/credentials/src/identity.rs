//! Who is calling, as a typed value (invariant 11). Handlers take [`Caller`], [`ServiceCaller`] or [`Identity`] as an
//! argument; what admits a request puts an [`Identity`] on it: the gateway in process, the internal token between
//! processes.

use std::{fmt, str::FromStr};

use axum::extract::FromRequestParts;
use colloquy_chassis::{ApiError, Kind, ServiceName};
use colloquy_contracts::CustomerId;
use http::request::Parts;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

/// A request's identity: the service that forwards it, and the customer on whose behalf, if any.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The service that made this call.
    pub service: ServiceName,
    /// The customer it is made for.
    pub caller: Option<Caller>,
}

/// A logged-in customer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Caller {
    /// The customer.
    pub customer_id: CustomerId,
    /// The full name in their token; older than what the customer service knows.
    pub full_name: String,
    /// The session (`jti`) they called with.
    pub session_id: SessionId,
}

/// One session, from login to logout (the `jti` of its token): a UUID, which takes 16 bytes in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SessionId(Uuid);

impl SessionId {
    /// An id that no session had before, and that cannot be guessed: 122 bits of the system's own randomness.
    #[must_use]
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// The id with these bits.
    #[must_use]
    pub const fn from_bits(bits: u128) -> Self {
        Self(Uuid::from_u128(bits))
    }
}

/// A text that is no session id.
#[derive(Debug, thiserror::Error)]
#[error("not a session id")]
pub struct SessionIdError;

impl FromStr for SessionId {
    type Err = SessionIdError;

    fn from_str(text: &str) -> Result<Self, SessionIdError> {
        text.parse().map(Self).map_err(|_| SessionIdError)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for SessionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SessionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

/// Another service, calling on its own account: what internal routes take. Without an identity the answer is 401. What
/// the gateway forwards comes from outside and has no business on internal routes: 403 (decision 31).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceCaller(pub ServiceName);

impl<S: Sync> FromRequestParts<S> for Identity {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(unauthenticated)
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Identity::from_request_parts(parts, state)
            .await?
            .caller
            .ok_or_else(unauthenticated)
    }
}

impl<S: Sync> FromRequestParts<S> for ServiceCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Identity::from_request_parts(parts, state).await?.service {
            ServiceName::ApiGateway => Err(ApiError::new(
                Kind::Forbidden,
                "This path is not for clients.",
            )),
            service => Ok(Self(service)),
        }
    }
}

fn unauthenticated() -> ApiError {
    ApiError::new(Kind::Unauthenticated, "Please log in.")
}
