//! The port: where rooms, messages and markers are recorded, each with the event that announces it.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod moved;
mod plan;
pub mod postgres;
pub mod sqlite;

use std::{fmt::Write as _, sync::Arc};

use async_trait::async_trait;
use aws_lc_rs::digest;
use colloquy_chassis::trace_context::TraceParent;
use colloquy_contracts::{CustomerId, MessageId, RoomId, Seq, Timestamp, events::Participant};
use colloquy_sql::{StoreError, sweeping::KeptReadings};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::{postgres::PostgresWriteStore, sqlite::SqliteWriteStore};
use crate::domain::{IdempotencyKey, MessageContent, RoomName};

/// A command on its way into the store.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The command.
    pub command: Command,
    /// The `Idempotency-Key`, if the client sent one.
    pub key: Option<IdempotencyKey>,
    /// The instant that is recorded with the command.
    pub at: Timestamp,
    /// The trace context of the request.
    pub trace: Option<TraceParent>,
}

/// The three commands. What can be checked without the store has been checked.
#[derive(Clone, Debug)]
pub enum Command {
    /// Create a room.
    CreateRoom(NewRoom),
    /// Send a message to a room.
    SendMessage(NewMessage),
    /// Move the read marker of a member.
    MarkRead(NewMarker),
}

/// A room to create.
#[derive(Clone, Debug)]
pub struct NewRoom {
    /// The name of the room.
    pub name: RoomName,
    /// The creator, who is one of the members.
    pub created_by: CustomerId,
    /// All members, ascending by id, with their full names now.
    pub members: Vec<(CustomerId, String)>,
}

/// A message to send.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// The room that it is sent to.
    pub room_id: RoomId,
    /// The sender, who has to be a member of the room.
    pub sender_id: CustomerId,
    /// The full name of the sender now; kept with the message for ever (names, decision 3).
    pub sender_full_name: String,
    /// The text.
    pub content: MessageContent,
}

/// A read marker to move.
#[derive(Clone, Copy, Debug)]
pub struct NewMarker {
    /// The room that was read.
    pub room_id: RoomId,
    /// The member who read it.
    pub customer_id: CustomerId,
    /// The newest message that the member has read; 0 in a room without messages.
    pub message_id: MessageId,
}

/// What was recorded: all that the response needs, kept under the idempotency key for repeats.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Recorded {
    /// A room was created.
    Room {
        /// The id of the room.
        room_id: RoomId,
    },
    /// A message was sent.
    Message {
        /// The id of the message.
        message_id: MessageId,
        /// The room that it was sent to.
        room_id: RoomId,
        /// Its number in the room, from 1.
        seq: Seq,
        /// The instant recorded with it.
        sent_at: Timestamp,
    },
    /// The marker is at that message, or was beyond it before.
    Marker,
}

/// A command that was carried out, now or before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// What was recorded.
    pub recorded: Recorded,
    /// Whether an earlier request with the same key had recorded it.
    pub replayed: bool,
}

/// Why a command was refused. A refused command leaves nothing: no seq, no event, no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The customer is not in that room, or there is no such room.
    #[error("not a member of this room")]
    NotAMember,
    /// No such message in that room.
    #[error("no such message in this room")]
    MessageNotInRoom,
    /// The key was used for something else.
    #[error("idempotency key used for another command")]
    KeyReused,
}

/// Why a whole batch was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Nothing was recorded, perhaps because of a single command: one by one, the others may succeed.
    #[error("the batch was rejected")]
    Rejected(#[source] StoreError),
    /// The store is unavailable: nothing was recorded, and nothing else will be for now.
    #[error("the batch could not be recorded")]
    Away(#[source] StoreError),
    /// The answer to the commit was lost: the batch is recorded as a whole, or not at all.
    #[error("it is unknown whether the batch was recorded")]
    Unknown(#[source] StoreError),
    /// The disk did not sync: what it holds cannot be trusted until the store is opened anew.
    #[error("the disk failed to sync")]
    DiskFailed(#[source] StoreError),
}

/// A message without its text, and whether its event has left the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecentMessage {
    /// The id of the message.
    pub message_id: MessageId,
    /// The room that it was sent to.
    pub room_id: RoomId,
    /// Its number in the room, from 1.
    pub seq: Seq,
    /// The customer who sent it.
    pub sender_id: CustomerId,
    /// The full name of the sender, as it was then.
    pub sender_full_name: String,
    /// The instant recorded with it.
    pub sent_at: Timestamp,
    /// Whether its event is in the log.
    pub is_in_log: bool,
}

/// The newest messages of the whole system among which those of one customer's rooms are looked for: a bound of what a
/// look costs.
const RECENT: i64 = 1_000;

/// Records what the write side accepts. Implementations hold the promises of `conformance.rs`.
#[async_trait]
pub trait WriteStore: Send + Sync + 'static {
    /// Carries out a batch in one transaction and answers for each command, in order.
    ///
    /// Commands take effect in the order given. Per room, seq is 1, 2, 3 … in the order of commits, and message ids
    /// grow with it. Each accepted command's event is in the outbox in the same transaction. A key that is known
    /// answers as the first time; a batch that brings the key of one still running elsewhere waits for it.
    ///
    /// # Errors
    /// See [`RecordError`]; but for [`RecordError::Unknown`], nothing was recorded.
    async fn record(
        &self,
        batch: &[Submission],
    ) -> Result<Vec<Result<Accepted, Refusal>>, RecordError>;

    /// Whether a customer is a member of a room; `false` also when there is no such room.
    ///
    /// # Errors
    /// The store is unavailable.
    async fn is_member(&self, room: RoomId, customer: CustomerId) -> Result<bool, StoreError>;

    /// The newest messages of a customer's rooms, newest first, at most `limit`: of the newest 1,000 of the whole system. While
    /// 10,000 events or more wait in the outbox, those of the newest messages are taken to be among them.
    ///
    /// # Errors
    /// The store is unavailable.
    async fn recent_messages(
        &self,
        customer: CustomerId,
        limit: u32,
    ) -> Result<Vec<RecentMessage>, StoreError>;

    /// The readings of the clock that are kept beside the keys.
    fn readings(&self) -> Arc<dyn KeptReadings>;

    /// Forgets keys that were first used before that instant, at most `limit`, and answers how many.
    ///
    /// # Errors
    /// See [`RecordError`]; no key was forgotten, or it is unknown whether some were.
    async fn forget_keys(&self, before: Timestamp, limit: u32) -> Result<u64, RecordError>;
}

impl Command {
    /// The customer who sends the command.
    #[must_use]
    pub fn customer(&self) -> CustomerId {
        match self {
            Self::CreateRoom(room) => room.created_by,
            Self::SendMessage(message) => message.sender_id,
            Self::MarkRead(marker) => marker.customer_id,
        }
    }

    /// The room that the command is about, if that room exists already.
    #[must_use]
    pub fn room(&self) -> Option<RoomId> {
        match self {
            Self::CreateRoom(_) => None,
            Self::SendMessage(message) => Some(message.room_id),
            Self::MarkRead(marker) => Some(marker.room_id),
        }
    }

    /// The call that the command came by: an idempotency key counts for one customer and one call.
    #[must_use]
    pub fn route(&self) -> &'static str {
        match self {
            Self::CreateRoom(_) => "room",
            Self::SendMessage(_) => "message",
            Self::MarkRead(_) => "read",
        }
    }

    /// SHA-256 of the command as the client meant it, so that another spelling of the same JSON is the same command
    /// (idempotency, decision 2). Names that we looked up are not part of it.
    fn fingerprint(&self) -> String {
        let asked = match self {
            Self::CreateRoom(room) => {
                let members: Vec<_> = room.members.iter().map(|(id, _)| id).collect();
                serde_json::to_vec(&(room.name.as_str(), members))
            }
            Self::SendMessage(message) => {
                serde_json::to_vec(&(message.room_id, message.content.as_str()))
            }
            Self::MarkRead(marker) => serde_json::to_vec(&(marker.room_id, marker.message_id)),
        }
        .expect("a command holds only strings and numbers");
        let hash = digest::digest(&digest::SHA256, &asked);
        hash.as_ref().iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

impl NewRoom {
    fn participants(&self, joined_at: Timestamp) -> Vec<Participant> {
        self.members
            .iter()
            .map(|(id, full_name)| Participant {
                id: *id,
                full_name: full_name.clone(),
                joined_at,
            })
            .collect()
    }
}
