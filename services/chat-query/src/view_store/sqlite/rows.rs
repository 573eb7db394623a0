//! Values of the port as rows: batches as JSON arrays on the way in, rows and tuples on the way out.

use colloquy_contracts::{
    CustomerId, MessageId, RoomId, Seq, Timestamp,
    topics::UnknownTopic,
    views::{MessageDocument, ReadMarker},
};
use colloquy_sql::checksum;
use sqlx::{Row as _, sqlite::SqliteRow};

use crate::{
    parked::{LogPosition, ParkedEvent},
    room_state::RoomState,
    view_store::{Result, ViewStoreError, read_marker},
};

/// A row of `parked_events`.
pub type Parked = (String, i32, i64, String, String, Vec<u8>, String, i64, u32);

/// The message in a row of `messages`.
pub fn message(row: &SqliteRow) -> Result<MessageDocument> {
    let read = || -> Result<_, sqlx::Error> {
        let message = MessageDocument {
            message_id: MessageId(row.try_get("message_id")?),
            room_id: RoomId(row.try_get("room_id")?),
            sender_id: CustomerId(row.try_get("sender_id")?),
            sender_full_name: row.try_get("sender_full_name")?,
            content: row.try_get("content")?,
            sent_at: Timestamp::from_millis(row.try_get("sent_at")?),
            seq: Seq(row.try_get("seq")?),
            client_key: later_column(row, "client_key")?,
        };
        let is_whole = is_of(row, message_checksum(&message))?;
        Ok(is_whole.then_some(message))
    };
    let damaged = || ViewStoreError::Damaged {
        room: RoomId(row.try_get("room_id").unwrap_or_default()),
        message: row.try_get("message_id").ok().map(MessageId),
    };
    read().ok().flatten().ok_or_else(damaged)
}

fn message_checksum(message: &MessageDocument) -> i64 {
    checksum(&[
        &message.message_id.0.to_be_bytes(),
        &message.room_id.0.to_be_bytes(),
        &message.sender_id.0.to_be_bytes(),
        message.sender_full_name.as_bytes(),
        message.content.as_bytes(),
        &message.sent_at.millis().to_be_bytes(),
        &message.seq.0.to_be_bytes(),
        message.client_key.as_deref().unwrap_or_default().as_bytes(),
    ])
}

/// Whether the row has this checksum, or is of a release without checksums.
fn is_of(row: &SqliteRow, checksum: i64) -> Result<bool, sqlx::Error> {
    let written: Option<i64> = later_column(row, "checksum")?;
    Ok(written.is_none_or(|written| written == checksum))
}

/// A column that a file lacks until this release has opened it for writing.
fn later_column<'row, T>(row: &'row SqliteRow, column: &str) -> Result<Option<T>, sqlx::Error>
where
    T: sqlx::Decode<'row, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    match row.try_get(column) {
        Err(sqlx::Error::ColumnNotFound(_)) => Ok(None),
        outcome => outcome,
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
            message_checksum(message),
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
            room_checksum(room.room_id, json(room).as_bytes()),
        )
    });
    json(&rows.collect::<Vec<_>>())
}

/// The room in a row of `rooms`.
pub fn room(row: &SqliteRow) -> Result<RoomState> {
    let room = RoomId(row.get("room_id"));
    let read = || -> Result<_, sqlx::Error> {
        let state: &[u8] = row.try_get("state")?;
        let is_whole = is_of(row, room_checksum(room, state))?;
        Ok(is_whole.then_some((state, row.try_get("version")?)))
    };
    let damaged = ViewStoreError::Damaged {
        room,
        message: None,
    };
    let (state, version) = read().ok().flatten().ok_or(damaged)?;
    let state: RoomState =
        serde_json::from_slice(state).map_err(|error| ViewStoreError::Defect(error.into()))?;
    Ok(RoomState { version, ..state })
}

fn room_checksum(room: RoomId, state: &[u8]) -> i64 {
    checksum(&[&room.0.to_be_bytes(), state])
}

pub fn parked(row: Parked) -> Result<ParkedEvent> {
    let (topic, partition, offset, key, event_id, payload, reason, parked_at, tries) = row;
    let topic = topic.parse();
    let topic = topic.map_err(|error: UnknownTopic| ViewStoreError::Defect(error.into()))?;
    Ok(ParkedEvent {
        position: LogPosition {
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
