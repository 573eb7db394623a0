//! `GET /internal/valid/roomId/{roomId}/customerId/{customerId}`: what the view knows of a membership, asked by another
//! service. A no is not final: chat command knows the truth (decision 11).

use std::sync::Arc;

use axum::{Json, extract::State};
use colloquy_chassis::{ApiError, extract::PathIds, identity::ServiceCaller};
use colloquy_contracts::{CustomerId, Envelope, RoomId};
use colloquy_service_api::RoomMembership as _;

use crate::{ChatQuery, ViewMembership};

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
