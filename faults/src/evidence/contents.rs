//! The rooms, messages and markers of one source: the write store, the log, or the views.

use anyhow::{Result, bail};
use serde::Deserialize;

/// The write topics (contract §6).
pub const TOPICS: [&str; 3] = [
    "chat-room-created",
    "chat-message-sent",
    "read-marker-updated",
];

/// Everything that one source contains.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    pub rooms: Vec<Room>,
    pub messages: Vec<Stored>,
    pub markers: Vec<Marker>,
}

/// A room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    pub room_id: i64,
    pub name: String,
    pub created_by: i64,
    /// Ascending.
    pub participants: Vec<i64>,
}

/// A message of a store or an event.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stored {
    pub room_id: i64,
    pub seq: i64,
    pub message_id: i64,
    pub sender_id: i64,
    pub content: String,
}

/// How far a customer has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Marker {
    pub room_id: i64,
    pub customer_id: i64,
    pub last_read_message_id: i64,
}

impl Contents {
    /// Adds one event of a write topic.
    ///
    /// # Errors
    /// The topic is another, or the value is not what the contract says.
    pub fn add_event(&mut self, topic: &str, payload: &[u8]) -> Result<()> {
        match topic {
            "chat-room-created" => self
                .rooms
                .push(serde_json::from_slice::<RoomCreated>(payload)?.into()),
            "chat-message-sent" => self.messages.push(serde_json::from_slice(payload)?),
            "read-marker-updated" => self.markers.push(serde_json::from_slice(payload)?),
            other => bail!("{other} is no write topic"),
        }
        Ok(())
    }

    /// Appends the contents of another source.
    pub fn append(&mut self, mut other: Self) {
        self.rooms.append(&mut other.rooms);
        self.messages.append(&mut other.messages);
        self.markers.append(&mut other.markers);
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RoomCreated {
    room_id: i64,
    room_name: String,
    created_by: i64,
    participants: Vec<Participant>,
}

#[derive(Deserialize)]
struct Participant {
    id: i64,
}

impl From<RoomCreated> for Room {
    fn from(event: RoomCreated) -> Self {
        let mut participants: Vec<i64> = event.participants.iter().map(|one| one.id).collect();
        participants.sort_unstable();
        Self {
            room_id: event.room_id,
            name: event.room_name,
            created_by: event.created_by,
            participants,
        }
    }
}
