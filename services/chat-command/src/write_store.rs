//! The port: where rooms, messages and markers are recorded, each with the event that tells of it.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
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

pub use self::{postgres::PostgresWriteStore, sqlite::SqliteWriteStore};
use crate::domain::{IdempotencyKey, MessageContent, RoomName};

/// A command on its way into the store.
#[derive(Clone, Debug)]
pub struct Submission {
    /// What is asked.
    pub command: Command,
    /// What the client calls this attempt by, if it gave it a name.
    pub key: Option<IdempotencyKey>,
    /// The instant that is recorded with it.
    pub at: Timestamp,
    /// The request that asks, by its place in a trace.
    pub trace: Option<TraceParent>,
}

/// What can be asked. Whatever needs no store to be checked has been checked.
#[derive(Clone, Debug)]
pub enum Command {
    /// Begin a room.
    CreateRoom(NewRoom),
    /// Say something in a room.
    SendMessage(NewMessage),
    /// Move somebody's read marker.
    MarkRead(NewMarker),
}

/// A room to be.
#[derive(Clone, Debug)]
pub struct NewRoom {
    /// Its name.
    pub name: RoomName,
    /// Who begins it; one of the members.
    pub created_by: CustomerId,
    /// Everybody, ascending, with their full names now.
    pub members: Vec<(CustomerId, String)>,
}

/// A message to be.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// Where.
    pub room_id: RoomId,
    /// Who says it.
    pub sender_id: CustomerId,
    /// Their name now; kept with the message for ever (decision 3).
    pub sender_full_name: String,
    /// What they say.
    pub content: MessageContent,
}

/// A marker to be.
#[derive(Clone, Copy, Debug)]
pub struct NewMarker {
    /// Where.
    pub room_id: RoomId,
    /// Whose.
    pub customer_id: CustomerId,
    /// The newest message they have read.
    pub message_id: MessageId,
}

/// What was recorded: all that an answer needs, kept to answer a repeat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Recorded {
    /// A room began.
    Room {
        /// Its id.
        room_id: RoomId,
    },
    /// A message has its place.
    Message {
        /// Its id.
        message_id: MessageId,
        /// Its room.
        room_id: RoomId,
        /// Its place in the room.
        seq: Seq,
        /// The instant recorded with it.
        sent_at: Timestamp,
    },
    /// The marker is at that message, or already was beyond it.
    Marker,
}

/// A command that was carried out, now or before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// What was recorded.
    pub recorded: Recorded,
    /// Whether an earlier attempt with the same key had recorded it.
    pub replayed: bool,
}

/// Why a command was not carried out. It left nothing: no seq, no event, no key.
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
    /// Nothing was recorded, and nothing else will be for now.
    #[error("the batch could not be recorded")]
    Away(#[source] StoreError),
    /// The answer to the commit was lost: the batch is recorded as a whole, or not at all.
    #[error("it is unknown whether the batch was recorded")]
    Unknown(#[source] StoreError),
    /// The disk did not sync: what it holds cannot be trusted until the store is opened anew.
    #[error("the disk failed to sync")]
    DiskFailed(#[source] StoreError),
}

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

    /// Whether somebody is in a room; `false` also when there is no such room.
    ///
    /// # Errors
    /// The store is unavailable.
    async fn is_member(&self, room: RoomId, customer: CustomerId) -> Result<bool, StoreError>;

    /// The readings of the clock that are kept beside the keys.
    fn readings(&self) -> Arc<dyn KeptReadings>;

    /// Forgets keys that were first used before that instant, at most `limit`, and answers how many.
    ///
    /// # Errors
    /// See [`RecordError`]; no key was forgotten, or it is unknown whether some were.
    async fn forget_keys(&self, before: Timestamp, limit: u32) -> Result<u64, RecordError>;
}

impl Command {
    /// Who asks.
    #[must_use]
    pub fn customer(&self) -> CustomerId {
        match self {
            Self::CreateRoom(room) => room.created_by,
            Self::SendMessage(message) => message.sender_id,
            Self::MarkRead(marker) => marker.customer_id,
        }
    }

    /// The room it is about, if that room exists already.
    #[must_use]
    pub fn room(&self) -> Option<RoomId> {
        match self {
            Self::CreateRoom(_) => None,
            Self::SendMessage(message) => Some(message.room_id),
            Self::MarkRead(marker) => Some(marker.room_id),
        }
    }

    /// Which of the three calls it came by: keys of different calls do not meet.
    #[must_use]
    pub fn route(&self) -> &'static str {
        match self {
            Self::CreateRoom(_) => "room",
            Self::SendMessage(_) => "message",
            Self::MarkRead(_) => "read",
        }
    }

    /// SHA-256 of what the client asked, so that spelling the same JSON differently is the same command (decision 2).
    /// Names that we looked up are not part of it.
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
