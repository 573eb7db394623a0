//! The paths, as they are behind the gateway.

use std::sync::Arc;

use axum::Router;
use colloquy_chassis::router::finish;
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    ChatCommand, check_membership,
    commands::{create_room, mark_read, send_message},
    flow,
};

/// The service's router. The listener puts an [`Identity`](colloquy_credentials::identity::Identity) on them.
pub fn router(service: Arc<ChatCommand>) -> Router {
    finish(all().with_state(service).into())
}

/// Every route of [`router`], documented.
#[must_use]
pub fn openapi() -> OpenApi {
    all().into_openapi()
}

fn all() -> OpenApiRouter<Arc<ChatCommand>> {
    OpenApiRouter::new()
        .routes(routes!(create_room::handle))
        .routes(routes!(send_message::handle))
        .routes(routes!(mark_read::handle))
        .routes(routes!(flow::handle))
        .routes(routes!(check_membership::handle))
}
