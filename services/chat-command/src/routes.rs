//! The paths, as they are behind the gateway.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    routing::{get, post},
};
use colloquy_chassis::{
    Answer, ApiError, Kind, ServiceName, extract::PathIds, identity::Identity, router::finish,
};
use colloquy_contracts::{CustomerId, RoomId};
use colloquy_service_api::{RoomMembership as _, room_membership::TRUTH_PATH};

use crate::{
    ChatCommand,
    commands::{create_room, mark_read, send_message},
};

/// The service's router. Whoever lets requests in puts an [`Identity`] on them.
pub fn router(service: Arc<ChatCommand>) -> Router {
    finish(
        Router::new()
            .route("/room", post(create_room::handle))
            .route("/message", post(send_message::handle))
            .route("/read", post(mark_read::handle))
            .route(TRUTH_PATH, get(member))
            .with_state(service),
    )
}

/// The truth about membership, for other services only: what comes through the gateway comes from outside.
async fn member(
    State(service): State<Arc<ChatCommand>>,
    identity: Identity,
    PathIds((room, customer)): PathIds<(RoomId, CustomerId)>,
) -> Result<Answer<bool>, ApiError> {
    if identity.service == ServiceName::ApiGateway {
        return Err(ApiError::new(
            Kind::Forbidden,
            "This is not served to the outside.",
        ));
    }
    let member = service.membership.is_member(room, customer).await?;
    Ok(Answer("Membership.", member))
}
