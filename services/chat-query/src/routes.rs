//! Paths, as the gateway forwards them without its prefix (contract §3 query, §4).

use std::sync::Arc;

use axum::Router;
use colloquy_chassis::router::finish;
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    ChatQuery,
    queries::{check_membership, list_online_status, list_read_markers, list_rooms, read_history},
};

/// The service's routes.
pub fn router(service: Arc<ChatQuery>) -> Router {
    finish(all().with_state(service).into())
}

/// Every route of [`router`], documented.
#[must_use]
pub fn openapi() -> OpenApi {
    all().into_openapi()
}

fn all() -> OpenApiRouter<Arc<ChatQuery>> {
    OpenApiRouter::new()
        .routes(routes!(list_rooms::own))
        .routes(routes!(read_history::latest))
        .routes(routes!(read_history::older))
        .routes(routes!(list_online_status::handle))
        .routes(routes!(list_read_markers::handle))
        .routes(routes!(list_rooms::of_customer))
        .routes(routes!(check_membership::handle))
}
