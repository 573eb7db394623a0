//! Between values of the port and rows: batches as JSON arrays on the way in, tuples on the way out.

use colloquy_contracts::{
    CustomerId, MessageId, RoomId, Seq, Timestamp,
    topics::UnknownTopic,
    views::{MessageDocument, ReadMarker},
};

use crate::{
    parked::{ParkedEvent, Place},
    room_state::RoomState,
    view_store::{ViewStoreError, read_marker},
};

/// A row of `parked_events`.
pub type Parked = (String, i32, i64, String, String, Vec<u8>, String, i64, u32);

/// A row of `messages`.
#[derive(sqlx::FromRow)]
pub struct Message {
    message_id: i64,
    room_id: i64,
    sender_id: i64,
    sender_full_name: String,
    content: String,
    sent_at: i64,
    seq: i64,
    client_key: Option<String>,
}

impl From<Message> for MessageDocument {
    fn from(row: Message) -> Self {
        Self {
            message_id: MessageId(row.message_id),
            room_id: RoomId(row.room_id),
            sender_id: CustomerId(row.sender_id),
            sender_full_name: row.sender_full_name,
            content: row.content,
            sent_at: Timestamp::from_millis(row.sent_at),
            seq: Seq(row.seq),
            client_key: row.client_key,
        }
    }
}

pub fn messages(messages: &[MessageDocument]) -> String {
    let rows = messages.iter().map(|message| {
        (
            message.message_id,
            message.room_id,
            message.sender_id,
            &message.sender_full_name,
            &message.content,
            message.sent_at.millis(),
            message.seq,
            &message.client_key,
        )
    });
    json(&rows.collect::<Vec<_>>())
}

pub fn markers(markers: &[ReadMarker]) -> String {
    let rows = markers.iter().map(|marker| {
        (
            marker.room_id,
            marker.customer_id,
            marker.last_read_message_id,
        )
    });
    json(&rows.collect::<Vec<_>>())
}

pub fn marker(room: RoomId, (customer, last_read): (i64, i64)) -> ReadMarker {
    read_marker(room, CustomerId(customer), MessageId(last_read))
}

/// Rooms at the version they get by being stored, the first time above `first_version`.
pub fn rooms(rooms: &[RoomState], first_version: i64) -> String {
    let rows = rooms.iter().map(|room| {
        (
            room.room_id,
            room.version.max(first_version) + 1,
            room.last_message.as_ref().map(|message| message.seq),
            room,
        )
    });
    json(&rows.collect::<Vec<_>>())
}

pub fn room((version, state): (i64, String)) -> Result<RoomState, ViewStoreError> {
    let state: RoomState =
        serde_json::from_str(&state).map_err(|error| ViewStoreError::Defect(error.into()))?;
    Ok(RoomState { version, ..state })
}

pub fn parked(row: Parked) -> Result<ParkedEvent, ViewStoreError> {
    let (topic, partition, offset, key, event_id, payload, reason, parked_at, tries) = row;
    let topic = topic.parse();
    let topic = topic.map_err(|error: UnknownTopic| ViewStoreError::Defect(error.into()))?;
    Ok(ParkedEvent {
        place: Place {
            topic,
            partition,
            offset,
        },
        key,
        event_id,
        payload: payload.into(),
        reason,
        parked_at: Timestamp::from_millis(parked_at),
        tries,
    })
}

pub fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("rows hold only strings and numbers")
}
