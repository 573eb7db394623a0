//! `GET /rooms`: the caller's rooms, newest first (decision 39).

use std::sync::Arc;

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError};
use colloquy_contracts::{Envelope, views::ChatRoomView};
use colloquy_credentials::identity::Caller;

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
pub async fn handle(
    State(service): State<Arc<ChatQuery>>,
    caller: Caller,
) -> Result<Answer<Vec<ChatRoomView>>, ApiError> {
    let rooms = service.store.rooms_of(caller.customer_id).await?;
    Ok(Answer("Your rooms.", rooms))
}
