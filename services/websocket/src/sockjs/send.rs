//! `xhr_send`: a client says something.

use axum::{
    body::to_bytes,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use colloquy_chassis::{ApiError, Kind};
use http::{StatusCode, header};
use tokio::time::timeout;

use super::{NOT_CACHED, Segments, SockJs, frame, no_such_session, receive::not_yours, session_of};

const TEXT: &str = "text/plain; charset=UTF-8";

/// Why nothing is taken.
enum Refused {
    /// As everywhere.
    Usual(ApiError),
    /// In the words, and with the status, of the protocol.
    Spelled(&'static str),
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self::Usual(error)
    }
}

pub(super) async fn send(
    State(sockjs): State<SockJs>,
    segments: Segments,
    request: Request,
) -> Response {
    let headers = [
        (header::CONTENT_TYPE, TEXT.parse().expect("a header value")),
        (header::CACHE_CONTROL, NOT_CACHED),
    ];
    match sockjs.take(segments, request).await {
        Ok(()) => (StatusCode::NO_CONTENT, headers).into_response(),
        Err(Refused::Usual(error)) => error.into_response(),
        Err(Refused::Spelled(text)) => {
            (StatusCode::INTERNAL_SERVER_ERROR, headers, text).into_response()
        }
    }
}

impl SockJs {
    /// Hands what the body says to its session, which must be there.
    async fn take(&self, segments: Segments, request: Request) -> Result<(), Refused> {
        let name = session_of(segments)?;
        let handle = self.sessions.find(&name).ok_or_else(no_such_session)?;
        if handle.has_ended() {
            return Err(no_such_session().into());
        }
        let cookie = self.websocket.cookie(request.headers());
        if !handle.admits(cookie.as_deref(), &self.websocket.revocations) {
            return Err(not_yours().into());
        }
        let body = self.body(request).await?;
        if body.is_empty() {
            return Err(Refused::Spelled("Payload expected."));
        }
        let octets = frame::decode(&body).map_err(|_| Refused::Spelled("Broken JSON encoding."))?;
        let taken = handle.octets.send(octets).await;
        taken.map_err(|_| no_such_session())?;
        Ok(())
    }

    async fn body(&self, request: Request) -> Result<Bytes, ApiError> {
        let settings = &self.websocket.settings;
        // As long as a WebSocket message (stomp.md §6).
        let reading = to_bytes(request.into_body(), settings.frame.frame);
        match timeout(settings.frame_within, reading).await {
            Ok(Ok(body)) => Ok(body),
            Ok(Err(_)) => Err(ApiError::new(Kind::TooLarge, "The body is too large.")),
            Err(_) => Err(ApiError::new(Kind::Invalid, "The body took too long.")),
        }
    }
}
