//! Who is calling, as a typed value (invariant 11). Handlers take [`Caller`] or [`Identity`] as an argument;
//! whoever lets a request in puts an [`Identity`] on it: the gateway in process, the internal token between processes.

use axum::extract::FromRequestParts;
use colloquy_contracts::CustomerId;
use http::request::Parts;

use crate::{ApiError, Kind, ServiceName};

/// A request's identity: the service that forwards it, and the customer on whose behalf, if any.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The service that made this call.
    pub service: ServiceName,
    /// The customer it is made for.
    pub caller: Option<Caller>,
}

/// A logged-in customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub customer_id: CustomerId,
    /// The full name in their token; older than what the customer service knows.
    pub full_name: String,
    /// The session (`jti`) they called with.
    pub session_id: String,
}

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

fn unauthenticated() -> ApiError {
    ApiError::new(Kind::Unauthenticated, "Please log in.")
}
