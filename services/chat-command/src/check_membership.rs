//! `GET /internal/member/roomId/{room_id}/customerId/{customer_id}`: membership, for other services.

use std::sync::Arc;

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, extract::PathIds};
use colloquy_contracts::{
    CustomerId, Envelope, RoomId,
    openapi::{Forbidden, Invalid},
};
use colloquy_credentials::identity::ServiceCaller;
use colloquy_service_api::{RoomMembership as _, room_membership::TRUTH_PATH};

use crate::ChatCommand;

/// Whether a customer is in a room
#[utoipa::path(
    get,
    path = TRUTH_PATH,
    operation_id = "tellMembership",
    params(("room_id" = RoomId, Path), ("customer_id" = CustomerId, Path)),
    responses(
        (status = 200, description = "What the write side has recorded.", body = Envelope<bool>),
        Invalid,
        Forbidden,
    )
)]
pub(crate) async fn handle(
    State(service): State<Arc<ChatCommand>>,
    _: ServiceCaller,
    PathIds((room, customer)): PathIds<(RoomId, CustomerId)>,
) -> Result<Answer<bool>, ApiError> {
    let member = service.membership.is_member(room, customer).await?;
    Ok(Answer("Membership.", member))
}
