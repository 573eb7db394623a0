//! The `Idempotency-Key` header on the way in, `Idempotent-Replayed` on the way out (decision 2).

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use colloquy_chassis::{Answer, ApiError, Kind};
use http::{HeaderName, HeaderValue, request::Parts};
use serde::Serialize;
use utoipa::{
    IntoParams, ToSchema,
    openapi::{
        ObjectBuilder, Type,
        path::{Parameter, ParameterBuilder, ParameterIn},
    },
};

use crate::domain::{IdempotencyKey, LONGEST_KEY};

/// Names a command, so that a repeat of the request is known as one.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// `true` on a response to a repeat.
pub const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The key of this request, if the client sent one.
#[derive(Debug)]
pub struct IdempotencyKeyHeader(pub Option<IdempotencyKey>);

impl<S: Sync> FromRequestParts<S> for IdempotencyKeyHeader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let mut keys = parts.headers.get_all(IDEMPOTENCY_KEY).iter();
        match (keys.next(), keys.next()) {
            (None, _) => Ok(Self(None)),
            (Some(key), None) => IdempotencyKey::parse(key.as_bytes())
                .map(|key| Self(Some(key)))
                .map_err(|_| invalid("An Idempotency-Key has 1 to 255 visible ASCII characters.")),
            (Some(_), Some(_)) => Err(invalid("Send only one Idempotency-Key.")),
        }
    }
}

impl IntoParams for IdempotencyKeyHeader {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let key = ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(LONGEST_KEY))
            .pattern(Some("^[!-~]+$"));
        let header = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .description(Some(
                "Names this attempt: a repeat within 24 hours is answered as the first was, and writes nothing.",
            ))
            .schema(Some(key));
        vec![header.build()]
    }
}

/// The value of [`IDEMPOTENT_REPLAYED`], for the document.
#[derive(Debug, ToSchema)]
pub enum Replayed {
    /// It is sent on a repeat only.
    #[schema(rename = "true")]
    True,
}

fn invalid(message: &'static str) -> ApiError {
    ApiError::new(Kind::Invalid, message)
}

/// A success, with the header that says whether the request was a repeat.
#[derive(Debug)]
pub struct IdempotentResponse<T> {
    /// The answer, the same for each repeat.
    pub answer: Answer<T>,
    /// Whether an earlier request with this key was carried out.
    pub replayed: bool,
}

impl<T: Serialize> IntoResponse for IdempotentResponse<T> {
    fn into_response(self) -> Response {
        let mut response = self.answer.into_response();
        if self.replayed {
            response
                .headers_mut()
                .insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}
