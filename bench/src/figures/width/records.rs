//! The records of one run.

use colloquy_contracts::{
    CustomerId, MessageId, RoomId, Seq, Timestamp, Topic,
    events::{ChatMessageSent, ReadMarkerUpdated, WriteEvent},
    views::{ChatRoomView, LastMessage, ReadStatus},
};
use colloquy_event_log::{NewEvent, Record};
use serde::Serialize;

use crate::server::feed::CONTENT_OCTETS;

/// The first of the rooms, and of the customers, that the node has clients of. The records are about lower ones.
pub const FOLLOWED: i64 = 1_000_000_000;
/// Rooms that the records are about, in turn.
const ROOMS: i64 = 1_000;

/// A kind of record.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// What it is.
    pub name: &'static str,
    /// Of a kind that takes long so many times fewer are read.
    pub weight: usize,
    make: fn(i64) -> Record,
}

/// All kinds that a node reads.
pub const KINDS: [Kind; 6] = [
    Kind {
        name: "a message of 200 octets",
        weight: 1,
        make: |number| message(room(number), number / ROOMS + 1),
    },
    Kind {
        name: "a read marker",
        weight: 1,
        make: marker,
    },
    Kind {
        name: "a view of a room of 5",
        weight: 2,
        make: |number| view(number, 5),
    },
    Kind {
        name: "a view of a room of 50",
        weight: 5,
        make: |number| view(number, 50),
    },
    Kind {
        name: "a view of a room of 500",
        weight: 20,
        make: |number| view(number, 500),
    },
    Kind {
        name: "an unread flag",
        weight: 1,
        make: flag,
    },
];

impl Kind {
    /// So many.
    pub fn records(self, count: usize) -> Vec<Record> {
        (0..).take(count).map(self.make).collect()
    }
}

/// The first record of each room, if these are views.
pub fn first_views(records: &[Record]) -> Vec<Record> {
    let rooms = usize::try_from(ROOMS).unwrap_or(usize::MAX);
    let views = records.iter().filter(|one| one.topic == Topic::RoomUpdated);
    views.take(rooms).cloned().collect()
}

/// Messages of rooms in turn, from room 1 on.
pub fn messages(rooms: usize, count: usize) -> Vec<Record> {
    let rooms = i64::try_from(rooms).unwrap_or(i64::MAX);
    let message = |number| message(RoomId(number % rooms + 1), number / rooms + 1);
    (0..).take(count).map(message).collect()
}

fn room(number: i64) -> RoomId {
    RoomId(number % ROOMS + 1)
}

fn message(room_id: RoomId, seq: i64) -> Record {
    let message = ChatMessageSent {
        message_id: MessageId(room_id.0 * 1_000_000 + seq),
        room_id,
        sender_id: CustomerId(1),
        sender_full_name: "Vũ Thanh Hải".into(),
        content: "x".repeat(CONTENT_OCTETS),
        sent_at: Timestamp::from_millis(1_700_000_000_000 + seq),
        seq: Seq(seq),
        client_key: None,
    };
    record(NewEvent::from(&WriteEvent::MessageSent(message)))
}

fn marker(number: i64) -> Record {
    let marker = ReadMarkerUpdated {
        room_id: room(number),
        customer_id: CustomerId(1),
        last_read_message_id: MessageId(number + 1),
    };
    record(NewEvent::from(&WriteEvent::ReadMarkerUpdated(marker)))
}

fn view(number: i64, members: i64) -> Record {
    let room_id = room(number);
    let participant_ids: Vec<_> = (1..=members).map(CustomerId).collect();
    let at = Timestamp::from_millis(1_700_000_000_000 + number);
    let view = ChatRoomView {
        room_id,
        room_name: "A room like any other".into(),
        unread_status: participant_ids.iter().map(|id| (*id, true)).collect(),
        participant_ids,
        last_message: Some(LastMessage {
            message_id: MessageId(number + 1),
            sender_id: CustomerId(1),
            content: "x".repeat(CONTENT_OCTETS),
            sent_at: at,
            seq: Seq(number + 1),
        }),
        created_by: CustomerId(1),
        created_at: at,
        updated_at: at,
    };
    announcement(Topic::RoomUpdated, room_id, number, &view)
}

fn flag(number: i64) -> Record {
    let status = ReadStatus {
        room_id: room(number),
        customer_id: CustomerId(1),
        is_unread: false,
    };
    announcement(Topic::ReadStatusUpdated, room(number), number, &status)
}

fn announcement(topic: Topic, room_id: RoomId, number: i64, value: &impl Serialize) -> Record {
    let payload = serde_json::to_vec(value).expect("a view holds only strings and numbers");
    record(NewEvent {
        topic,
        room_id,
        event_id: format!("room-updated:message:{number}"),
        payload: payload.into(),
        replayed: false,
        version: Some(number + 1),
        traceparent: None,
    })
}

fn record(event: NewEvent) -> Record {
    Record {
        topic: event.topic,
        partition: 0,
        offset: 0,
        key: event.room_id.to_string(),
        event_id: event.event_id,
        payload: event.payload,
        replayed: event.replayed,
        version: event.version,
        traceparent: event.traceparent,
    }
}
