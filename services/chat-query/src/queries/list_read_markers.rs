//! `GET /readMarkers/roomId/{roomId}`: how far each member has read a room.

use std::sync::Arc;

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, extract::PathIds};
use colloquy_contracts::{
    Envelope, RoomId,
    openapi::{Forbidden, Invalid},
    views::ReadMarker,
};
use colloquy_credentials::identity::Caller;

use crate::ChatQuery;

/// How far each member has read a room
#[utoipa::path(
    get,
    path = "/readMarkers/roomId/{roomId}",
    operation_id = "listReadMarkers",
    params(("roomId" = RoomId, Path)),
    responses(
        (status = 200, description = "The markers of those who have read something.", body = Envelope<Vec<ReadMarker>>),
        Invalid,
        Forbidden,
    )
)]
pub async fn handle(
    State(service): State<Arc<ChatQuery>>,
    caller: Caller,
    PathIds(room): PathIds<RoomId>,
) -> Result<Answer<Vec<ReadMarker>>, ApiError> {
    service.membership.check(room, caller.customer_id).await?;
    let markers = service.store.markers(room).await?;
    Ok(Answer("The read markers of the room.", markers))
}
