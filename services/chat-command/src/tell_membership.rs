//! `GET /internal/member/roomId/{room_id}/customerId/{customer_id}`: the truth about membership, for other services.

use std::sync::Arc;

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, extract::PathIds, identity::ServiceCaller};
use colloquy_contracts::{CustomerId, RoomId};
use colloquy_service_api::RoomMembership as _;

use crate::ChatCommand;

pub(crate) async fn handle(
    State(service): State<Arc<ChatCommand>>,
    _: ServiceCaller,
    PathIds((room, customer)): PathIds<(RoomId, CustomerId)>,
) -> Result<Answer<bool>, ApiError> {
    let member = service.membership.is_member(room, customer).await?;
    Ok(Answer("Membership.", member))
}
