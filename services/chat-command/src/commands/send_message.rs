//! `POST /message`: send a message to a room.

use std::{borrow::Cow, sync::Arc};

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, Failure, Kind, extract::Body};
use colloquy_contracts::{
    Envelope, MessageId, RoomId, Seq, Timestamp,
    openapi::{self, BadBody, Forbidden, KeyReused},
};
use colloquy_credentials::identity::Caller;
use serde::{Deserialize, Serialize};
use utoipa::{ToSchema, openapi::Object};

use super::idempotency::{IdempotencyKeyHeader, IdempotentResponse, Replayed};
use crate::{
    ChatCommand, Settings,
    domain::{IdempotencyKey, MessageContent, MessageContentError},
    group_commit::SubmitError,
    write_store::{Command, NewMessage, Recorded},
};

/// The body of the request.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(description = "Something to say.")]
pub struct SendMessage {
    /// The room to send it to.
    room_id: RoomId,
    #[schema(schema_with = content_schema)]
    content: String,
}

/// The data of the response.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(description = "Where a message stands.")]
pub struct Sent {
    /// The message.
    message_id: MessageId,
    /// Its room.
    room_id: RoomId,
    /// Its place in the room.
    seq: Seq,
    /// When it was recorded.
    sent_at: Timestamp,
}

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendMessageError {
    /// The text breaks a rule.
    #[error("not a message")]
    Content(#[from] MessageContentError),
    /// The command was refused or not recorded.
    #[error("not recorded")]
    Submit(#[from] SubmitError),
}

/// Send a message to a room
#[utoipa::path(
    post,
    path = "/message",
    operation_id = "sendMessage",
    params(IdempotencyKeyHeader),
    request_body = SendMessage,
    responses(
        (status = 200, description = "Recorded, together with the event that announces it.", body = Envelope<Sent>,
            headers(("Idempotent-Replayed" = inline(Replayed), description = "Present on a repeat.")),
            links(
                ("mark it as read" = (operation_id = "markRead",
                    request_body = json!({
                        "roomId": "$response.body#/data/roomId",
                        "messageId": "$response.body#/data/messageId",
                    }))),
                ("read it" = (operation_id = "readHistory",
                    parameters(
                        ("roomId" = "$response.body#/data/roomId"),
                        ("minSeq" = "$response.body#/data/seq"),
                    ))),
                ("read what came before" = (operation_id = "readHistoryBefore",
                    parameters(
                        ("roomId" = "$response.body#/data/roomId"),
                        ("indexMessageId" = "$response.body#/data/messageId"),
                    ))),
            )),
        BadBody,
        Forbidden,
        KeyReused,
    )
)]
pub async fn handle(
    State(service): State<Arc<ChatCommand>>,
    caller: Caller,
    IdempotencyKeyHeader(key): IdempotencyKeyHeader,
    Body(request): Body<SendMessage>,
) -> Result<IdempotentResponse<Sent>, ApiError> {
    Ok(send(&service, &caller, key, request).await?)
}

async fn send(
    service: &ChatCommand,
    caller: &Caller,
    key: Option<IdempotencyKey>,
    request: SendMessage,
) -> Result<IdempotentResponse<Sent>, SendMessageError> {
    let message = NewMessage {
        room_id: request.room_id,
        sender_id: caller.customer_id,
        content: MessageContent::parse(request.content, service.settings.max_content)?,
        sender_full_name: service.full_names.of_sender(caller).await,
    };
    let accepted = service.submit(Command::SendMessage(message), key).await?;
    let Recorded::Message {
        message_id,
        room_id,
        seq,
        sent_at,
    } = accepted.recorded
    else {
        return Err(SubmitError::Defect.into());
    };
    let sent = Sent {
        message_id,
        room_id,
        seq,
        sent_at,
    };
    Ok(IdempotentResponse {
        answer: Answer("Message sent.", sent),
        replayed: accepted.replayed,
    })
}

fn content_schema() -> Object {
    let longest = Settings::default().max_content;
    openapi::text("The text. An operator may set another limit.", longest)
}

impl Failure for SendMessageError {
    fn kind(&self) -> Kind {
        match self {
            Self::Content(_) => Kind::Invalid,
            Self::Submit(error) => error.kind(),
        }
    }

    fn message(&self) -> Cow<'static, str> {
        match self {
            Self::Content(MessageContentError::Blank) => "A message needs some text.".into(),
            Self::Content(MessageContentError::TooLong(limit)) => {
                format!("A message has at most {limit} characters.").into()
            }
            Self::Content(MessageContentError::Nul) => {
                "A message cannot contain the character NUL.".into()
            }
            Self::Submit(error) => error.message(),
        }
    }
}
