//! `GET /internal/valid/roomId/{roomId}/customerId/{customerId}`: whether the view knows a membership, asked by another
//! service. A no is not final: chat-command knows the truth (decision 11).

use std::sync::Arc;

use axum::{Json, extract::State};
use colloquy_chassis::{ApiError, extract::PathIds};
use colloquy_contracts::{
    CustomerId, Envelope, RoomId,
    openapi::{Forbidden, Invalid},
};
use colloquy_credentials::identity::ServiceCaller;
use colloquy_service_api::{RoomMembership as _, room_membership::VIEW_PATH};

use crate::{ChatQuery, ViewMembership};

/// Whether a customer is known to be in a room
#[utoipa::path(
    get,
    path = VIEW_PATH,
    operation_id = "checkMembership",
    params(("room_id" = RoomId, Path), ("customer_id" = CustomerId, Path)),
    responses(
        (status = 200, description = "`success` says the same as `data`. A no is not final.", body = Envelope<bool>),
        Invalid,
        Forbidden,
    )
)]
pub async fn handle(
    State(service): State<Arc<ChatQuery>>,
    _: ServiceCaller,
    PathIds((room, customer)): PathIds<(RoomId, CustomerId)>,
) -> Result<Json<Envelope<bool>>, ApiError> {
    let view = ViewMembership(Arc::clone(&service.store));
    let is_member = view.is_member(room, customer).await?;
    let message = if is_member {
        "A member of this room."
    } else {
        "Not a member of this room, as far as is known here."
    };
    Ok(Json(Envelope {
        success: is_member,
        message: message.to_owned(),
        data: Some(is_member),
    }))
}
