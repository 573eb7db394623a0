//! `POST /read`: move the caller's read marker forward.

use std::sync::Arc;

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, extract::Body};
use colloquy_contracts::{
    Envelope, MessageId, RoomId,
    openapi::{BadBody, Forbidden, KeyReused, Nothing},
};
use colloquy_credentials::identity::Caller;
use serde::Deserialize;
use utoipa::ToSchema;

use super::idempotency::{IdempotencyKeyHeader, IdempotentResponse, Replayed};
use crate::{
    ChatCommand,
    write_store::{Command, NewMarker},
};

/// The body of the request.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(description = "How far the caller has read.")]
pub struct MarkRead {
    /// The room that was read.
    room_id: RoomId,
    /// The newest message that the caller has read; it has to be of that room. 0 marks a room without messages as read.
    #[schema(value_type = i64, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    message_id: MessageId,
}

/// Move the caller's read marker forward
///
/// A marker never moves back: an older message changes nothing.
// What can go wrong is what can go wrong with any write: see `group_commit::SubmitError`.
#[utoipa::path(
    post,
    path = "/read",
    operation_id = "markRead",
    params(IdempotencyKeyHeader),
    request_body = MarkRead,
    responses(
        (status = 200, description = "Marked, or already read.", body = Envelope<Nothing>,
            headers(("Idempotent-Replayed" = inline(Replayed), description = "Present on a repeat.")),
            links(("see who has read how far" = (operation_id = "listReadMarkers",
                parameters(("roomId" = "$request.body#/roomId")))))),
        BadBody,
        Forbidden,
        KeyReused,
    )
)]
pub async fn handle(
    State(service): State<Arc<ChatCommand>>,
    caller: Caller,
    IdempotencyKeyHeader(key): IdempotencyKeyHeader,
    Body(request): Body<MarkRead>,
) -> Result<IdempotentResponse<()>, ApiError> {
    let marker = NewMarker {
        room_id: request.room_id,
        customer_id: caller.customer_id,
        message_id: request.message_id,
    };
    let accepted = service.submit(Command::MarkRead(marker), key).await?;
    Ok(IdempotentResponse {
        answer: Answer("Marked as read.", ()),
        replayed: accepted.replayed,
    })
}
