//! What can go wrong, as a caller knows it: every error answers its [`Kind`], one table turns kinds into statuses.

use std::{borrow::Cow, error::Error};

use http::StatusCode;

/// The kinds of failure a caller can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request breaks a rule of its shape or of the domain.
    Invalid,
    /// No identity, or one that is not believed.
    Unauthenticated,
    /// A known identity that may not do this.
    Forbidden,
    /// Nothing is there.
    NotFound,
    /// The path is there, the method is not.
    MethodNotAllowed,
    /// The body is over the limit.
    TooLarge,
    /// The body is not `application/json`.
    UnsupportedMediaType,
    /// The request names a host that this server is not.
    Misdirected,
    /// The request is well formed and contradicts an earlier one.
    Unprocessable,
    /// Too many tries.
    TooManyRequests,
    /// A part that is needed is down or slow; the caller may try again.
    Unavailable,
    /// A service behind us answered with something that is no HTTP answer.
    Unreadable,
    /// A defect of ours.
    Internal,
}

impl Kind {
    /// The table: which HTTP status each kind is.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Invalid => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unreadable => StatusCode::BAD_GATEWAY,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The sentence for the person who called, when there is nothing more to say. nginx says the same.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Unavailable => "Temporarily unavailable. Please try again.",
            Self::Internal | Self::Unreadable => "Something went wrong on our side.",
            Self::Unauthenticated => "Please log in.",
            Self::Forbidden => "You may not do this.",
            Self::NotFound => "There is nothing here.",
            Self::MethodNotAllowed => "This method is not allowed here.",
            _ => "The request could not be carried out.",
        }
    }
}

/// An error of one operation. `Display` is for the log; [`Failure::message`] is for the person.
pub trait Failure: Error + Send + Sync + 'static {
    /// Which kind of failure this is.
    fn kind(&self) -> Kind;

    /// One sentence for the person who called. Never names a table, a host or a secret.
    fn message(&self) -> Cow<'static, str> {
        Cow::Borrowed(self.kind().message())
    }
}
