//! Events of the write side and of the read side.

use bytes::Bytes;
use colloquy_contracts::{
    CustomerId, MessageId, RoomId, Seq, Timestamp, Topic,
    events::{ChatMessageSent, ReadMarkerUpdated, WriteEvent},
    views::{ChatRoomView, ReadStatus},
};
use colloquy_event_log::NewEvent;

use super::ALICE;

/// A message of a room; its text is its seq.
pub fn message(room: i64, seq: i64) -> NewEvent {
    long_message(room, seq, seq.to_string())
}

/// A message with this text.
pub fn long_message(room: i64, seq: i64, content: String) -> NewEvent {
    let event = WriteEvent::MessageSent(ChatMessageSent {
        message_id: MessageId(room * 1_000_000 + seq),
        room_id: RoomId(room),
        sender_id: ALICE,
        sender_full_name: "Vũ Thanh Hải".into(),
        content,
        sent_at: Timestamp::from_millis(1_700_000_000_000 + seq),
        seq: Seq(seq),
        client_key: None,
    });
    NewEvent::from(&event)
}

/// A member has read up to a message.
pub fn marker_moved(room: i64, customer: CustomerId, message: i64) -> NewEvent {
    let event = WriteEvent::ReadMarkerUpdated(ReadMarkerUpdated {
        room_id: RoomId(room),
        customer_id: customer,
        last_read_message_id: MessageId(message),
    });
    NewEvent::from(&event)
}

/// A member's unread flag in that version of a room.
pub fn read_status(room: i64, version: i64, customer: CustomerId, is_unread: bool) -> NewEvent {
    let status = ReadStatus {
        room_id: RoomId(room),
        customer_id: customer,
        is_unread,
    };
    NewEvent {
        topic: Topic::ReadStatusUpdated,
        room_id: RoomId(room),
        event_id: format!("status:{room}:{version}:{customer}"),
        payload: Bytes::from(serde_json::to_vec(&status).unwrap()),
        replayed: false,
        version: Some(version),
        traceparent: None,
    }
}

/// A room's view after its `version`th change, which is its name.
pub fn room_updated(room: i64, version: i64, participants: &[CustomerId]) -> NewEvent {
    let view = ChatRoomView {
        room_id: RoomId(room),
        room_name: version.to_string(),
        participant_ids: participants.to_vec(),
        unread_status: participants.iter().map(|id| (*id, true)).collect(),
        last_message: None,
        created_by: ALICE,
        created_at: Timestamp::from_millis(0),
        updated_at: Timestamp::from_millis(version),
    };
    NewEvent {
        topic: Topic::RoomUpdated,
        room_id: RoomId(room),
        event_id: format!("updated:{room}:{version}"),
        payload: Bytes::from(serde_json::to_vec(&view).unwrap()),
        replayed: false,
        version: Some(version),
        traceparent: None,
    }
}
