//! The routes: `GET /ws/chat`, and SockJS beside it (contract §5).

use std::{future::Future, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing,
};
use colloquy_chassis::{ApiError, Kind};
use colloquy_credentials::session_verifier::Session as Token;
use hyper::upgrade::Upgraded;

use crate::{
    Websocket,
    addresses::AddressPlace,
    connection::{self, Socket},
    handshake, sockjs,
};

/// Where clients connect.
pub const PATH: &str = "/ws/chat";

/// The push side's routes; to be finished with [`colloquy_chassis::router::finish`].
pub fn router(websocket: Arc<Websocket>) -> Router {
    Router::new()
        .route(PATH, routing::get(open).fallback(another_method))
        .with_state(Arc::clone(&websocket))
        .merge(sockjs::router(websocket))
}

/// STOMP frames in WebSocket messages. Pages of strangers are refused before anything else.
pub(crate) async fn open(State(websocket): State<Arc<Websocket>>, request: Request) -> Response {
    if !websocket.origins.admit(request.headers()) {
        return ApiError::new(Kind::Forbidden, "This page may not connect.").into_response();
    }
    upgrade(&websocket, request, serve)
}

/// Answers a handshake, and serves the socket once that is sent. The cookie is verified here, so that its text need not
/// be kept.
pub(crate) fn upgrade<S: Future<Output = ()> + Send + 'static>(
    websocket: &Arc<Websocket>,
    mut request: Request,
    serve: impl FnOnce(Arc<Websocket>, Upgraded, Option<Box<Token>>, AddressPlace) -> S + Send + 'static,
) -> Response {
    let response = match handshake::accept(&request) {
        Ok(response) => response,
        Err(error) => return error.into_response(),
    };
    if !websocket.is_following() {
        return not_ready().into_response();
    }
    let addresses = &websocket.addresses;
    let place = match addresses.admit(request.extensions(), request.headers()) {
        Ok(place) => place,
        Err(error) => return error.into_response(),
    };
    let cookie = websocket.cookie(request.headers());
    let upgrade = hyper::upgrade::on(&mut request);
    let serving = Arc::clone(websocket);
    websocket.tasks.spawn(async move {
        match upgrade.await {
            // Boxed: each wrapper of a task would hold room for another copy of this large future.
            Ok(upgraded) => Box::pin(serve(serving, upgraded, cookie, place)).await,
            Err(error) => tracing::debug!(%error, "a client went away during the handshake"),
        }
    });
    response
}

async fn serve(
    websocket: Arc<Websocket>,
    upgraded: Upgraded,
    cookie: Option<Box<Token>>,
    place: AddressPlace,
) {
    let socket = Socket::new(upgraded, &websocket.settings).await;
    connection::serve(websocket, socket, cookie, place).await;
}

pub(crate) fn not_ready() -> ApiError {
    ApiError::new(Kind::Unavailable, "Not ready yet. Please try again.")
}

/// Here and not only in [`colloquy_chassis::router::finish`], so that the routes are whole wherever they are mounted.
pub(crate) async fn another_method() -> ApiError {
    ApiError::of(Kind::MethodNotAllowed)
}
