//! `POST /message`: say something in a room.

use std::{borrow::Cow, sync::Arc};

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, Failure, Kind, extract::Body, identity::Caller};
use colloquy_contracts::{MessageId, RoomId, Seq, Timestamp};
use serde::{Deserialize, Serialize};

use super::idempotency::{Attempt, Told};
use crate::{
    ChatCommand,
    domain::{IdempotencyKey, MessageContent, MessageContentError},
    group_commit::SubmitError,
    write_store::{Command, NewMessage, Recorded},
};

/// The body.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SendMessage {
    room_id: RoomId,
    content: String,
}

/// The data of the answer: where the message stands.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sent {
    message_id: MessageId,
    room_id: RoomId,
    seq: Seq,
    sent_at: Timestamp,
}

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendMessageError {
    /// It is no message.
    #[error("not a message")]
    Content(#[from] MessageContentError),
    /// It was refused or not recorded.
    #[error("not recorded")]
    Submit(#[from] SubmitError),
}

/// Carries it out.
pub async fn handle(
    State(service): State<Arc<ChatCommand>>,
    caller: Caller,
    Attempt(key): Attempt,
    Body(request): Body<SendMessage>,
) -> Result<Told<Sent>, ApiError> {
    Ok(send(&service, &caller, key, request).await?)
}

async fn send(
    service: &ChatCommand,
    caller: &Caller,
    key: Option<IdempotencyKey>,
    request: SendMessage,
) -> Result<Told<Sent>, SendMessageError> {
    let message = NewMessage {
        room_id: request.room_id,
        sender_id: caller.customer_id,
        content: MessageContent::parse(request.content, service.settings.max_content)?,
        sender_full_name: service.names.of_sender(caller).await,
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
    Ok(Told {
        answer: Answer("Message sent.", sent),
        replayed: accepted.replayed,
    })
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
                "A message cannot hold the character NUL.".into()
            }
            Self::Submit(error) => error.message(),
        }
    }
}
