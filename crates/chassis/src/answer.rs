//! HTTP answers in the envelope (contract §2): one type for success, one for failure.

use std::{borrow::Cow, error::Error, fmt::Write as _};

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use colloquy_contracts::Envelope;
use http::{HeaderValue, header};
use serde::Serialize;

use crate::failure::{Failure, Kind};

/// 200 with data.
#[derive(Debug)]
pub struct Answer<T>(pub &'static str, pub T);

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        Json(Envelope::success(self.0, self.1)).into_response()
    }
}

/// A failure on its way out: the kind, the sentence for the person, and for the log what lies beneath.
#[derive(Debug)]
pub struct ApiError {
    kind: Kind,
    message: Cow<'static, str>,
    cause: Option<Box<dyn Error + Send + Sync>>,
    retry_after: Option<u32>,
}

impl ApiError {
    /// A failure of which there is nothing more to say.
    #[must_use]
    pub fn of(kind: Kind) -> Self {
        Self::new(kind, kind.message())
    }

    /// A failure with nothing beneath it.
    pub fn new(kind: Kind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            message: message.into(),
            cause: None,
            retry_after: None,
        }
    }

    /// The client should wait this many seconds before it tries again: the `Retry-After` of a 429 or a 503. A 503 says
    /// one second unless a handler sets another; no other failure carries it.
    #[must_use]
    pub fn with_retry_after(self, seconds: u32) -> Self {
        Self {
            retry_after: Some(seconds),
            ..self
        }
    }

    /// Which kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The sentence for the person.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Logs what lies beneath, once, here at the edge: the request's span carries its id.
    pub fn log(&self) {
        let Some(cause) = &self.cause else { return };
        let (kind, error) = (self.kind, chain(cause.as_ref()));
        match kind {
            Kind::Internal | Kind::Unreadable => {
                tracing::error!(?kind, %error, "a request failed because of a defect");
            }
            Kind::Unavailable => {
                tracing::warn!(?kind, %error, "a request was refused because a part is down");
            }
            _ => tracing::debug!(?kind, %error, "a request was refused"),
        }
    }
}

/// An error and everything beneath it on one line.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}

impl<F: Failure> From<F> for ApiError {
    fn from(failure: F) -> Self {
        Self {
            kind: failure.kind(),
            message: failure.message(),
            cause: Some(Box::new(failure)),
            retry_after: None,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.log();
        let retry_after = match self.kind {
            Kind::Unavailable => Some(self.retry_after.unwrap_or(1)),
            Kind::TooManyRequests => self.retry_after,
            _ => None,
        };
        let body = Json(Envelope::<()>::failure(self.message));
        let mut response = (self.kind.status(), body).into_response();
        if let Some(seconds) = retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry_after(error: ApiError) -> Option<HeaderValue> {
        let response = error.into_response();
        response.headers().get(header::RETRY_AFTER).cloned()
    }

    #[test]
    fn contract_2_a_client_learns_how_long_to_wait_from_429_and_503_alone() {
        let of = |kind| ApiError::new(kind, "No.");
        assert_eq!(retry_after(of(Kind::Unavailable)).unwrap(), "1");
        assert_eq!(
            retry_after(of(Kind::Unavailable).with_retry_after(7)).unwrap(),
            "7"
        );
        assert_eq!(
            retry_after(of(Kind::TooManyRequests).with_retry_after(900)).unwrap(),
            "900"
        );
        assert_eq!(retry_after(of(Kind::TooManyRequests)), None);
        assert_eq!(retry_after(of(Kind::Invalid).with_retry_after(7)), None);
    }
}
