//! The shape of the auth answers (contract §2), of success and of failure.

use axum::{
    Json,
    response::{AppendHeaders, IntoResponse, Response},
};
use colloquy_chassis::ApiError;
use colloquy_contracts::envelope::AuthAnswer;
use http::{HeaderValue, header};

/// 200 with cookies to set.
pub(crate) fn done(
    message: &str,
    details: &str,
    cookies: impl IntoIterator<Item = HeaderValue>,
) -> Response {
    let answer = AuthAnswer {
        message: message.to_owned(),
        details: details.to_owned(),
    };
    let cookies = cookies
        .into_iter()
        .map(|cookie| (header::SET_COOKIE, cookie));
    (AppendHeaders(cookies), Json(answer)).into_response()
}

/// A failure: the message that says what failed, and the error.
pub(crate) struct Refused(pub(crate) &'static str, pub(crate) ApiError);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let answer = AuthAnswer {
            message: self.0.to_owned(),
            details: self.1.message().to_owned(),
        };
        // Status, headers and the line in the log are those of every other failure; only the body differs.
        let (parts, _) = self.1.into_response().into_parts();
        (parts, Json(answer)).into_response()
    }
}
