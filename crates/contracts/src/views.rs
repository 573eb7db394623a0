//! What the read side answers and tells (contract §3 query, §6).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{CustomerId, MessageId, RoomId, Seq, Timestamp, events::ChatMessageSent};

/// A room as its members see it; also the value of `room-updated`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatRoomView {
    /// The room.
    pub room_id: RoomId,
    /// Its name as typed.
    pub room_name: String,
    /// Its members, ascending.
    pub participant_ids: Vec<CustomerId>,
    /// For each participant, whether something is unread (decision 13).
    #[schema(value_type = BTreeMap<String, bool>)]
    pub unread_status: BTreeMap<CustomerId, bool>,
    /// The newest message, if any.
    #[schema(required = true)]
    pub last_message: Option<LastMessage>,
    /// Who created the room.
    pub created_by: CustomerId,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was created or last written in, whichever is later (decision 4).
    pub updated_at: Timestamp,
}

impl ChatRoomView {
    /// What rooms are listed by, the greatest first: the id of the last message, or the room's own while it has none
    /// (decision 39). The two are drawn from one sequence, and no clock has a say in them.
    #[must_use]
    pub fn newest_id(&self) -> i64 {
        let last = self.last_message.as_ref();
        last.map_or(self.room_id.0, |last| last.message_id.0)
    }
}

/// The newest message of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LastMessage {
    /// The message.
    pub message_id: MessageId,
    /// Who sent it.
    pub sender_id: CustomerId,
    /// The text as typed.
    pub content: String,
    /// When it was recorded.
    pub sent_at: Timestamp,
    /// Its place in the room: a client that holds less fetches history again (decision 18).
    pub seq: Seq,
}

/// A message in history and on `/topic/message/roomId/{roomId}`: the event of the write side, unchanged.
pub type MessageDocument = ChatMessageSent;

/// How far a member has read a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReadMarker {
    /// `"{roomId}:{customerId}"`.
    pub id: String,
    /// The room.
    pub room_id: RoomId,
    /// The member.
    pub customer_id: CustomerId,
    /// The newest message they have read; 0 for the beginning of a room.
    #[schema(value_type = i64, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub last_read_message_id: MessageId,
}

/// Value of `read-status-updated` and of `/user/topic/readStatus`: a member's unread flag changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadStatus {
    /// The room.
    pub room_id: RoomId,
    /// The member whose flag it is.
    pub customer_id: CustomerId,
    /// The flag now.
    pub is_unread: bool,
}
