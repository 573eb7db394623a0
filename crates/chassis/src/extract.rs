//! Parsing at the edge: bodies and path parameters, each refusal in the envelope.

use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Path, Request, rejection::JsonRejection},
};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::{ApiError, Kind};

/// A JSON body. Not JSON, a wrong type or a missing field is 400; another content type 415; too long 413.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match Json::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(JsonRejection::MissingJsonContentType(_)) => Err(ApiError::new(
                Kind::UnsupportedMediaType,
                "The body must be application/json.",
            )),
            Err(JsonRejection::JsonDataError(error)) => Err(ApiError::new(
                Kind::Invalid,
                format!("The body does not fit: {}.", plain(&error.body_text())),
            )),
            Err(JsonRejection::BytesRejection(error))
                if error.status() == Kind::TooLarge.status() =>
            {
                Err(ApiError::new(Kind::TooLarge, "The body is too large."))
            }
            Err(_) => Err(ApiError::new(Kind::Invalid, "The body is not valid JSON.")),
        }
    }
}

/// The part of serde's message that names the field, without axum's preamble.
fn plain(text: &str) -> String {
    text.rsplit_once("target type: ")
        .map_or(text, |(_, rest)| rest)
        .to_owned()
}

/// Path parameters. What does not parse, an id beyond 64 bits included, is 400.
#[derive(Debug)]
pub struct PathIds<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for PathIds<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Path::from_request_parts(parts, state)
            .await
            .map(|Path(ids)| Self(ids))
            .map_err(|_| ApiError::new(Kind::Invalid, "The path holds something that is no id."))
    }
}

/// Query parameters. What does not parse is 400; what is not known is ignored.
#[derive(Debug)]
pub struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        axum::extract::Query::try_from_uri(&parts.uri)
            .map(|axum::extract::Query(params)| Self(params))
            .map_err(|_| ApiError::new(Kind::Invalid, "A query parameter does not fit."))
    }
}
