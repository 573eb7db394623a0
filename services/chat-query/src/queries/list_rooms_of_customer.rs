//! `GET /internal/rooms/customerId/{customerId}`: somebody's rooms, asked by another service.

use std::sync::Arc;

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, extract::PathIds, identity::ServiceCaller};
use colloquy_contracts::{CustomerId, views::ChatRoomView};

use crate::ChatQuery;

pub async fn handle(
    State(service): State<Arc<ChatQuery>>,
    _: ServiceCaller,
    PathIds(customer): PathIds<CustomerId>,
) -> Result<Answer<Vec<ChatRoomView>>, ApiError> {
    let rooms = service.store.rooms_of(customer).await?;
    Ok(Answer("The customer's rooms.", rooms))
}
