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
}

impl ApiError {
    /// A failure with nothing beneath it.
    pub fn new(kind: Kind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            message: message.into(),
            cause: None,
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
            Kind::Internal => tracing::error!(?kind, %error, "a request failed by a defect"),
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
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.log();
        let body = Json(Envelope::<()>::failure(self.message));
        let mut response = (self.kind.status(), body).into_response();
        if self.kind == Kind::Unavailable {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
