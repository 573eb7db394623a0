//! `GET /rooms`: the caller's rooms, newest first (decision 39); and `GET /internal/rooms/customerId/{customerId}`: a
//! customer's rooms, asked for by another service.

use std::sync::Arc;

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, extract::PathIds};
use colloquy_contracts::{
    CustomerId, Envelope,
    openapi::{Forbidden, Invalid},
    views::ChatRoomView,
};
use colloquy_credentials::identity::{Caller, ServiceCaller};
use colloquy_service_api::rooms_of_customer::PATH;

use crate::ChatQuery;

/// The caller's rooms
#[utoipa::path(
    get,
    path = "/rooms",
    operation_id = "listRooms",
    responses(
        (status = 200, description = "The room that was written in or created last comes first.", body = Envelope<Vec<ChatRoomView>>),
    )
)]
pub async fn own(
    State(service): State<Arc<ChatQuery>>,
    caller: Caller,
) -> Result<Answer<Vec<ChatRoomView>>, ApiError> {
    let rooms = service.store.rooms_of(caller.customer_id).await?;
    Ok(Answer("Your rooms.", rooms))
}

/// The rooms of a customer
#[utoipa::path(
    get,
    path = PATH,
    operation_id = "listRoomsOfCustomer",
    params(("customer_id" = CustomerId, Path)),
    responses(
        (status = 200, description = "The room that was written in or created last comes first.", body = Envelope<Vec<ChatRoomView>>),
        Invalid,
        Forbidden,
    )
)]
pub async fn of_customer(
    State(service): State<Arc<ChatQuery>>,
    _: ServiceCaller,
    PathIds(customer): PathIds<CustomerId>,
) -> Result<Answer<Vec<ChatRoomView>>, ApiError> {
    let rooms = service.store.rooms_of(customer).await?;
    Ok(Answer("The customer's rooms.", rooms))
}
