//! The paths, as they are behind the gateway.

use std::sync::Arc;

use axum::{
    Router,
    routing::{get, post},
};
use colloquy_chassis::router::finish;
use colloquy_service_api::room_membership::TRUTH_PATH;

use crate::{
    ChatCommand,
    commands::{create_room, mark_read, send_message},
    tell_membership,
};

/// The service's router. Whoever lets requests in puts an [`Identity`](colloquy_chassis::identity::Identity) on them.
pub fn router(service: Arc<ChatCommand>) -> Router {
    finish(
        Router::new()
            .route("/room", post(create_room::handle))
            .route("/message", post(send_message::handle))
            .route("/read", post(mark_read::handle))
            .route(TRUTH_PATH, get(tell_membership::handle))
            .with_state(service),
    )
}
