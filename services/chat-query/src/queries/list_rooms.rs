//! `GET /rooms`: the caller's rooms, newest `updatedAt` first.

use std::sync::Arc;

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, identity::Caller};
use colloquy_contracts::views::ChatRoomView;

use crate::ChatQuery;

pub async fn handle(
    State(service): State<Arc<ChatQuery>>,
    caller: Caller,
) -> Result<Answer<Vec<ChatRoomView>>, ApiError> {
    let rooms = service.store.rooms_of(caller.customer_id).await?;
    Ok(Answer("Your rooms.", rooms))
}
