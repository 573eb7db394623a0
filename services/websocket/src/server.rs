//! The route: `GET /ws/chat` (contract §5).

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing,
};
use colloquy_chassis::{ApiError, Kind, session_token::token_cookie};

use crate::{Websocket, connection, handshake};

/// Where clients connect.
pub const PATH: &str = "/ws/chat";

/// The push side's routes; to be finished with [`colloquy_chassis::router::finish`].
pub fn router(websocket: Arc<Websocket>) -> Router {
    Router::new()
        .route(PATH, routing::get(open).fallback(another_method))
        .with_state(websocket)
}

/// Pages of strangers are refused before anything else. The cookie is verified here, so that its text need not be kept.
async fn open(State(websocket): State<Arc<Websocket>>, mut request: Request) -> Response {
    if !websocket.origins.admit(request.headers()) {
        return ApiError::new(Kind::Forbidden, "This page may not connect.").into_response();
    }
    let response = match handshake::accept(&request) {
        Ok(response) => response,
        Err(error) => return error.into_response(),
    };
    if !websocket.is_following() {
        return ApiError::new(Kind::Unavailable, "Not ready yet. Please try again.")
            .into_response();
    }
    let cookie = token_cookie(request.headers())
        .and_then(|token| websocket.verifier.verify(token))
        .map(Box::new);
    let upgrade = hyper::upgrade::on(&mut request);
    let tasks = websocket.tasks.clone();
    tasks.spawn(async move {
        match upgrade.await {
            // Boxed: each wrapper of a task would hold room for another copy of this large future.
            Ok(upgraded) => Box::pin(connection::serve(websocket, upgraded, cookie)).await,
            Err(error) => tracing::debug!(%error, "a client went away during the handshake"),
        }
    });
    response
}

/// Here and not only in [`colloquy_chassis::router::finish`], so that the route is whole wherever it is mounted.
async fn another_method() -> ApiError {
    ApiError::new(Kind::MethodNotAllowed, "Another method is needed here.")
}
