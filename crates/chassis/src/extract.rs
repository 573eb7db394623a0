//! Parsing at the edge: bodies and path parameters, each refusal in the envelope.

use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Path, Request, rejection::JsonRejection},
};
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::{ApiError, Kind};

/// A JSON object as the body. No object, a wrong type, a missing field or a known one twice is 400; another content type
/// 415; too long 413.
#[derive(Debug)]
pub struct Body<T>(pub T);

/// A JSON list as the body, with the refusals of [`Body`].
#[derive(Debug)]
pub struct ListBody<T>(pub Vec<T>);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let json: Box<RawValue> = read(request, state).await?;
        // serde would take a list for an object whose fields are in that order.
        if !json.get().starts_with('{') {
            return Err(ApiError::new(
                Kind::Invalid,
                "The body must be a JSON object.",
            ));
        }
        serde_json::from_str(json.get())
            .map(Self)
            .map_err(|error| ApiError::new(Kind::Invalid, misfit(&error.to_string())))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for ListBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        read(request, state).await.map(Self)
    }
}

async fn read<T: DeserializeOwned, S: Send + Sync>(
    request: Request,
    state: &S,
) -> Result<T, ApiError> {
    match Json::from_request(request, state).await {
        Ok(Json(body)) => Ok(body),
        Err(JsonRejection::MissingJsonContentType(_)) => Err(ApiError::new(
            Kind::UnsupportedMediaType,
            "The body must be application/json.",
        )),
        Err(JsonRejection::JsonDataError(error)) => {
            Err(ApiError::new(Kind::Invalid, misfit(&error.body_text())))
        }
        Err(JsonRejection::BytesRejection(error)) if error.status() == Kind::TooLarge.status() => {
            Err(ApiError::new(Kind::TooLarge, "The body is too large."))
        }
        Err(_) => Err(ApiError::new(Kind::Invalid, "The body is not valid JSON.")),
    }
}

/// Which field is missing or there twice, by its name. Anything else that serde tells may quote the value, and the value
/// may be a secret.
fn misfit(text: &str) -> String {
    let named = |what: &str| text.split_once(what)?.1.split('`').next();
    match (named("missing field `"), named("duplicate field `")) {
        (Some(field), _) => format!("The body lacks the field {field}."),
        (_, Some(field)) => format!("The body has the field {field} twice."),
        _ => "A field of the body has the wrong type.".to_owned(),
    }
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
            .map_err(|_| ApiError::new(Kind::Invalid, "The path contains an invalid id."))
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
            .map_err(|_| ApiError::new(Kind::Invalid, "A query parameter has an invalid value."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s23_a_value_that_does_not_fit_is_never_quoted() {
        let preamble = "Failed to deserialize the JSON body into the target type: ";
        assert_eq!(
            misfit(&format!(
                "{preamble}missing field `password` at line 1 column 2"
            )),
            "The body lacks the field password."
        );
        assert_eq!(
            misfit(&format!(
                "{preamble}password: invalid type: integer `4711`, expected a string"
            )),
            "A field of the body has the wrong type."
        );
    }
}
