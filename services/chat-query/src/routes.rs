//! Paths, as the gateway forwards them without its prefix (contract §3 query, §4).

use std::sync::Arc;

use axum::{Router, routing::get};

use crate::{
    ChatQuery,
    queries::{
        check_membership, list_online_status, list_read_markers, list_rooms,
        list_rooms_of_customer, read_history,
    },
};

/// The service's routes.
pub fn router(service: Arc<ChatQuery>) -> Router {
    let routes = Router::new()
        .route("/rooms", get(list_rooms::handle))
        .route("/message/roomId/{room_id}", get(read_history::latest))
        .route(
            "/message/roomId/{room_id}/index/{index_message_id}",
            get(read_history::older),
        )
        .route(
            "/onlineStatus/roomId/{room_id}",
            get(list_online_status::handle),
        )
        .route(
            "/readMarkers/roomId/{room_id}",
            get(list_read_markers::handle),
        )
        .route(
            "/internal/rooms/customerId/{customer_id}",
            get(list_rooms_of_customer::handle),
        )
        .route(
            "/internal/valid/roomId/{room_id}/customerId/{customer_id}",
            get(check_membership::handle),
        )
        .with_state(service);
    colloquy_chassis::router::finish(routes)
}
