//! Events of the write side, made up.

use bytes::Bytes;
use colloquy_chat_query::{projections, room_state::RoomState};
use colloquy_contracts::{
    CustomerId, MessageId, RoomId, Seq, Timestamp, Topic,
    events::{ChatMessageSent, ChatRoomCreated, Participant, ReadMarkerUpdated, WriteEvent},
};
use colloquy_event_log::NewEvent;

pub const CREATOR: CustomerId = CustomerId(1);
pub const MEMBER: CustomerId = CustomerId(2);
pub const OUTSIDER: CustomerId = CustomerId(9);

/// A room of 1, who created it, 2 and 3.
pub fn room_created(room: i64) -> WriteEvent {
    let joined_at = Timestamp::from_millis(1_000);
    WriteEvent::RoomCreated(ChatRoomCreated {
        room_id: RoomId(room),
        room_name: format!("Room {room}"),
        created_by: CREATOR,
        created_at: joined_at,
        participants: [3, 1, 2]
            .map(|id| Participant {
                id: CustomerId(id),
                full_name: format!("Customer {id}"),
                joined_at,
            })
            .into(),
    })
}

/// The message at this place of its room.
pub fn message_sent(room: i64, seq: i64, sender: CustomerId) -> WriteEvent {
    WriteEvent::MessageSent(ChatMessageSent {
        message_id: message_id(room, seq),
        room_id: RoomId(room),
        sender_id: sender,
        sender_full_name: format!("Customer {sender}"),
        content: format!("message {seq}"),
        sent_at: Timestamp::from_millis(10_000 + seq),
        seq: Seq(seq),
        client_key: None,
    })
}

/// Ids grow with the seq and are unique over rooms.
pub fn message_id(room: i64, seq: i64) -> MessageId {
    MessageId(seq * 10_000 + room)
}

pub fn marker_moved(room: i64, customer: CustomerId, seq: i64) -> WriteEvent {
    WriteEvent::ReadMarkerUpdated(ReadMarkerUpdated {
        room_id: RoomId(room),
        customer_id: customer,
        last_read_message_id: message_id(room, seq),
    })
}

/// A room after events, in the order given.
pub fn folded(events: &[WriteEvent]) -> RoomState {
    let mut room = RoomState::unknown(events[0].room_id());
    for event in events {
        projections::apply(&mut room, event).unwrap();
    }
    room
}

/// Something on a write topic that is no event.
pub fn garbage(topic: Topic, room: i64, payload: &str) -> NewEvent {
    NewEvent {
        topic,
        room_id: RoomId(room),
        event_id: format!("garbage:{payload}"),
        payload: Bytes::copy_from_slice(payload.as_bytes()),
        replayed: false,
        version: None,
        traceparent: None,
    }
}

pub fn appended(events: &[WriteEvent]) -> Vec<NewEvent> {
    events.iter().map(Into::into).collect()
}
