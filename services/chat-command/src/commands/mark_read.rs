//! `POST /read`: move the caller's read marker forward.

use std::sync::Arc;

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, extract::Body, identity::Caller};
use colloquy_contracts::{MessageId, RoomId};
use serde::Deserialize;

use super::idempotency::{Attempt, Told};
use crate::{
    ChatCommand,
    write_store::{Command, NewMarker},
};

/// The body.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MarkRead {
    room_id: RoomId,
    message_id: MessageId,
}

/// Carries it out. What can go wrong is what can go wrong with any write: see
/// [`SubmitError`](crate::group_commit::SubmitError).
pub async fn handle(
    State(service): State<Arc<ChatCommand>>,
    caller: Caller,
    Attempt(key): Attempt,
    Body(request): Body<MarkRead>,
) -> Result<Told<()>, ApiError> {
    let marker = NewMarker {
        room_id: request.room_id,
        customer_id: caller.customer_id,
        message_id: request.message_id,
    };
    let accepted = service.submit(Command::MarkRead(marker), key).await?;
    Ok(Told {
        answer: Answer("Marked as read.", ()),
        replayed: accepted.replayed,
    })
}
