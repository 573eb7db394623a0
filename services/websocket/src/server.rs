//! The routes: `GET /ws/chat`, and SockJS beside it (contract §5).

use std::sync::Arc;

use axum::{Router, routing};

use crate::{
    Websocket, sockjs,
    upgrade::{method_not_allowed, open},
};

/// Where clients connect.
pub const PATH: &str = "/ws/chat";

/// The push side's routes; to be finished with [`colloquy_chassis::router::finish`].
pub fn router(websocket: Arc<Websocket>) -> Router {
    Router::new()
        .route(PATH, routing::get(open).fallback(method_not_allowed))
        .with_state(Arc::clone(&websocket))
        .merge(sockjs::router(websocket))
}
