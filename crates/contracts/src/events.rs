//! What the write side tells: the values of the three write topics (contract §6), with their identities.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{CustomerId, MessageId, RoomId, Seq, Timestamp, Topic};

/// An event of the write side, whichever of the three.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteEvent {
    /// A room began.
    RoomCreated(ChatRoomCreated),
    /// A message was recorded.
    MessageSent(ChatMessageSent),
    /// A member's read marker moved forward.
    ReadMarkerUpdated(ReadMarkerUpdated),
}

/// Value of `chat-room-created`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatRoomCreated {
    /// The new room.
    pub room_id: RoomId,
    /// Its name as typed.
    pub room_name: String,
    /// Who created it; also one of the participants.
    pub created_by: CustomerId,
    /// When the write side recorded it.
    pub created_at: Timestamp,
    /// All members of the room, its creator included.
    pub participants: Vec<Participant>,
}

/// A member of a room, as the room was created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Participant {
    /// The member.
    pub id: CustomerId,
    /// The full name known when the room was created.
    pub full_name: String,
    /// When they joined.
    pub joined_at: Timestamp,
}

/// Value of `chat-message-sent`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = MessageDocument, description = "A message.")]
#[serde(rename_all = "camelCase")]
pub struct ChatMessageSent {
    /// The message.
    pub message_id: MessageId,
    /// Its room.
    pub room_id: RoomId,
    /// Who sent it.
    pub sender_id: CustomerId,
    /// The sender's name when it was sent; never rewritten.
    pub sender_full_name: String,
    /// The text as typed.
    pub content: String,
    /// When the write side recorded it.
    pub sent_at: Timestamp,
    /// Its place in the room.
    pub seq: Seq,
    /// For a message with an `Idempotency-Key`, what its sender knows it by before the call is answered; see
    /// contract §3. Messages of earlier releases have none.
    #[serde(default)]
    #[schema(required = true)]
    pub client_key: Option<String>,
}

/// Value of `read-marker-updated`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadMarkerUpdated {
    /// The room.
    pub room_id: RoomId,
    /// The member whose marker it is.
    pub customer_id: CustomerId,
    /// The newest message they have read; 0 marks a room that has none.
    pub last_read_message_id: MessageId,
}

impl WriteEvent {
    /// The room, which is also the key on the topic.
    #[must_use]
    pub fn room_id(&self) -> RoomId {
        match self {
            Self::RoomCreated(event) => event.room_id,
            Self::MessageSent(event) => event.room_id,
            Self::ReadMarkerUpdated(event) => event.room_id,
        }
    }

    /// When the write side recorded it, if it says so itself.
    #[must_use]
    pub fn recorded_at(&self) -> Option<Timestamp> {
        match self {
            Self::RoomCreated(event) => Some(event.created_at),
            Self::MessageSent(event) => Some(event.sent_at),
            Self::ReadMarkerUpdated(_) => None,
        }
    }

    /// The topic this event belongs on.
    #[must_use]
    pub fn topic(&self) -> Topic {
        match self {
            Self::RoomCreated(_) => Topic::ChatRoomCreated,
            Self::MessageSent(_) => Topic::ChatMessageSent,
            Self::ReadMarkerUpdated(_) => Topic::ReadMarkerUpdated,
        }
    }

    /// The `event-id` header. It is derived from what the event says, so a second publication carries the same one.
    #[must_use]
    pub fn event_id(&self) -> String {
        match self {
            Self::RoomCreated(event) => format!("room:{}", event.room_id),
            Self::MessageSent(event) => format!("message:{}", event.message_id),
            Self::ReadMarkerUpdated(event) => {
                format!(
                    "marker:{}:{}:{}",
                    event.room_id, event.customer_id, event.last_read_message_id
                )
            }
        }
    }

    /// The event's value on the wire.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        match self {
            Self::RoomCreated(event) => serde_json::to_vec(event),
            Self::MessageSent(event) => serde_json::to_vec(event),
            Self::ReadMarkerUpdated(event) => serde_json::to_vec(event),
        }
        .expect("an event holds only strings and numbers")
    }

    /// Reads a value of a write topic.
    ///
    /// # Errors
    /// The value is not the JSON of that topic, or the topic is not one of the write side's.
    pub fn from_json(topic: Topic, value: &[u8]) -> Result<Self, DecodeError> {
        match topic {
            Topic::ChatRoomCreated => Ok(Self::RoomCreated(serde_json::from_slice(value)?)),
            Topic::ChatMessageSent => Ok(Self::MessageSent(serde_json::from_slice(value)?)),
            Topic::ReadMarkerUpdated => Ok(Self::ReadMarkerUpdated(serde_json::from_slice(value)?)),
            Topic::RoomUpdated | Topic::ReadStatusUpdated => Err(DecodeError::WrongTopic(topic)),
        }
    }
}

/// A value that is no event of its topic.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Not the JSON this topic carries.
    #[error("not a value of this topic")]
    Json(#[from] serde_json::Error),
    /// The topic carries no write events.
    #[error("topic {0} carries no events of the write side")]
    WrongTopic(Topic),
}
