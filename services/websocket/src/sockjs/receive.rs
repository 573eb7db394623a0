//! `xhr`, `xhr_streaming` and `eventsource`: a client asks for frames, and opens its session with the first request.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use colloquy_chassis::{ApiError, Kind};
use colloquy_credentials::session_verifier::Session as Token;
use http::request::Parts;

use super::{
    Segments, SockJs,
    http_sessions::{Full, Handle},
    polled::Polled,
    receiver::{AnswerFormat, Receiver},
    session_of,
};
use crate::connection::{self, Client, not_ready};

pub(super) async fn receive(
    format: AnswerFormat,
    State(sockjs): State<SockJs>,
    segments: Segments,
    request: Request,
) -> Response {
    let (request, _) = request.into_parts();
    sockjs
        .receive(format, segments, &request)
        .await
        .unwrap_or_else(IntoResponse::into_response)
}

pub(super) fn not_yours() -> ApiError {
    ApiError::new(Kind::Forbidden, "This session is not yours.")
}

impl SockJs {
    async fn receive(
        &self,
        format: AnswerFormat,
        segments: Segments,
        request: &Parts,
    ) -> Result<Response, ApiError> {
        let name = session_of(segments)?;
        let cookie = self.websocket.cookie(&request.headers);
        let handle = match self.sessions.find(&name) {
            Some(handle) => handle,
            None => self.open(&name, cookie.clone(), request)?,
        };
        let is_owner = handle.admits(cookie.as_deref(), &self.websocket.revocations);
        // That a session has ended is no secret, and its cookie may have ended with it.
        if !is_owner && !handle.has_ended() {
            return Err(not_yours());
        }
        let (receiver, response) = Receiver::new(format, is_owner);
        let received = handle.receivers.send(receiver).await;
        received.map_err(|_| not_ready())?;
        Ok(response)
    }

    /// A new session, or the one that another request has opened meanwhile.
    fn open(
        &self,
        name: &str,
        cookie: Option<Box<Token>>,
        request: &Parts,
    ) -> Result<Handle, ApiError> {
        // A login that has ended counts as none; if that is not known now, CONNECT decides.
        let revocations = &self.websocket.revocations;
        let cookie = cookie.filter(|token| !matches!(revocations.is_revoked(token), Ok(true)));
        let (extensions, headers) = (&request.extensions, &request.headers);
        let client = Client::admit(&self.websocket, cookie, extensions, headers)?;
        let (handle, new) = self
            .sessions
            .find_or_open(name, client.cookie.as_deref())
            .map_err(|Full| not_ready())?;
        if let Some(requests) = new {
            let websocket = Arc::clone(&self.websocket);
            let tasks = websocket.tasks.clone();
            let answer_within = websocket.settings.answer_within;
            let queue = Arc::clone(&client.queue);
            let polled = Polled::new(requests, queue, tasks.clone(), answer_within);
            let serving = connection::serve(websocket, polled, client);
            tasks.spawn(Box::pin(serving));
        }
        Ok(handle)
    }
}
