//! From a record, which may hold anything, to an event that keeps every rule of its shape.

use colloquy_contracts::{
    RoomId,
    events::{DecodeError, WriteEvent},
};
use colloquy_event_log::Record;

/// Ids are JSON numbers that every client can hold exactly.
const IDS: std::ops::Range<i64> = 1..1 << 53;

/// Why a record is no event that can be projected, now or ever.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// Its value is not what its topic carries.
    #[error("the value cannot be decoded")]
    Undecodable(#[from] DecodeError),
    /// It lies on the partition, and in the order, of another room.
    #[error("the key is {key} and the value is about room {room}")]
    ForeignKey {
        /// The key as it was.
        key: String,
        /// The room in the value.
        room: RoomId,
    },
    /// A number that nothing can have.
    #[error("{0} is out of range")]
    OutOfRange(&'static str),
}

/// Reads a record.
///
/// # Errors
/// The record is broken: it will not get better.
pub fn read(record: &Record) -> Result<WriteEvent, Broken> {
    let event = WriteEvent::from_json(record.topic, &record.payload)?;
    let room = event.room_id();
    if record.key != room.to_string() {
        let key = record.key.clone();
        return Err(Broken::ForeignKey { key, room });
    }
    in_range("roomId", room.0)?;
    match &event {
        WriteEvent::RoomCreated(event) => {
            for participant in &event.participants {
                in_range("a participant's id", participant.id.0)?;
            }
            in_range("createdBy", event.created_by.0)?;
        }
        WriteEvent::MessageSent(event) => {
            in_range("messageId", event.message_id.0)?;
            in_range("senderId", event.sender_id.0)?;
            in_range("seq", event.seq.0)?;
        }
        WriteEvent::ReadMarkerUpdated(event) => {
            in_range("customerId", event.customer_id.0)?;
            in_range("lastReadMessageId", event.last_read_message_id.0)?;
        }
    }
    Ok(event)
}

fn in_range(what: &'static str, number: i64) -> Result<(), Broken> {
    if IDS.contains(&number) {
        Ok(())
    } else {
        Err(Broken::OutOfRange(what))
    }
}
