//! `xhr`, `xhr_streaming` and `eventsource`: a client asks for frames, and opens its session with the first ask.

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
    receiver::{Receiver, Transport},
    session_of,
};
use crate::{connection, server::not_ready};

pub(super) async fn receive(
    transport: Transport,
    State(sockjs): State<SockJs>,
    segments: Segments,
    request: Request,
) -> Response {
    let (request, _) = request.into_parts();
    sockjs
        .receive(transport, segments, &request)
        .await
        .unwrap_or_else(IntoResponse::into_response)
}

pub(super) fn not_yours() -> ApiError {
    ApiError::new(Kind::Forbidden, "This session is not yours.")
}

impl SockJs {
    async fn receive(
        &self,
        transport: Transport,
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
        let (receiver, response) = Receiver::new(transport, is_owner);
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
        if !self.websocket.is_following() {
            return Err(not_ready());
        }
        // A login that has ended counts as none; if that cannot be told now, CONNECT decides.
        let revocations = &self.websocket.revocations;
        let cookie = cookie.filter(|token| !matches!(revocations.is_revoked(token), Ok(true)));
        let addresses = &self.websocket.addresses;
        let at_address = addresses.admit(&request.extensions, &request.headers)?;
        let (handle, new) = self
            .sessions
            .find_or_open(name, cookie.as_deref())
            .map_err(|Full| not_ready())?;
        if let Some((place, requests)) = new {
            let websocket = Arc::clone(&self.websocket);
            let tasks = websocket.tasks.clone();
            let answer_within = websocket.settings.answer_within;
            let polled = Polled::new(place, requests, tasks.clone(), answer_within);
            let serving = connection::serve(websocket, polled, cookie, at_address);
            tasks.spawn(Box::pin(serving));
        }
        Ok(handle)
    }
}
