//! From a WebSocket handshake to a served connection: what `/ws/chat` and SockJS share.

use std::{future::Future, sync::Arc};

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use colloquy_chassis::{ApiError, Kind};
use hyper::upgrade::Upgraded;

use crate::{
    Websocket,
    connection::{self, Client, Socket},
    handshake,
};

/// STOMP frames in WebSocket messages. Pages of other origins are refused before anything else.
pub(crate) async fn open(State(websocket): State<Arc<Websocket>>, request: Request) -> Response {
    match admit_page(&websocket, &request) {
        Ok(()) => upgrade(&websocket, request, serve),
        Err(error) => error.into_response(),
    }
}

async fn serve(websocket: Arc<Websocket>, upgraded: Upgraded, client: Client) {
    let socket = Socket::new(upgraded, &websocket.settings, &client.queue).await;
    connection::serve(websocket, socket, client).await;
}

/// Refuses a page of an origin that may not connect (decision 25).
pub(crate) fn admit_page(websocket: &Websocket, request: &Request) -> Result<(), ApiError> {
    let is_admitted = websocket.origins.admit(request.headers());
    is_admitted
        .then_some(())
        .ok_or_else(|| ApiError::new(Kind::Forbidden, "This page may not connect."))
}

/// Answers a handshake, and serves the socket once the answer is sent. The cookie is verified here, so that its text need
/// not be kept.
pub(crate) fn upgrade<S: Future<Output = ()> + Send + 'static>(
    websocket: &Arc<Websocket>,
    mut request: Request,
    serve: impl FnOnce(Arc<Websocket>, Upgraded, Client) -> S + Send + 'static,
) -> Response {
    let response = match handshake::accept(&request) {
        Ok(response) => response,
        Err(error) => return error.into_response(),
    };
    let cookie = websocket.cookie(request.headers());
    let client = match Client::admit(websocket, cookie, request.extensions(), request.headers()) {
        Ok(client) => client,
        Err(error) => return error.into_response(),
    };
    let upgrade = hyper::upgrade::on(&mut request);
    let serving = Arc::clone(websocket);
    websocket.tasks.spawn(async move {
        match upgrade.await {
            // Boxed: each wrapper of a task would hold room for another copy of this large future.
            Ok(upgraded) => Box::pin(serve(serving, upgraded, client)).await,
            Err(error) => tracing::debug!(%error, "a client went away during the handshake"),
        }
    });
    response
}

/// Here and not only in [`colloquy_chassis::router::finish`], so that the routes are whole wherever they are mounted.
pub(crate) async fn method_not_allowed() -> ApiError {
    ApiError::of(Kind::MethodNotAllowed)
}
