//! From a record of an announced topic, which may hold anything, to the value that the topic carries.

use colloquy_contracts::RoomId;
use colloquy_event_log::Record;
use serde::de::DeserializeOwned;

/// Why a record will never be an announcement.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// Its value is not what its topic carries.
    #[error("the value cannot be decoded")]
    Undecodable(#[from] serde_json::Error),
    /// It stands under the key of another room, by which a node decides whether to decode it.
    #[error("the key is {key} and the value is about room {room}")]
    ForeignKey {
        /// The key as it was.
        key: String,
        /// The room in the value.
        room: RoomId,
    },
}

/// Reads a record's value, which is about the room that `room_of` takes of it.
///
/// # Errors
/// The record is broken: it will not get better.
pub fn read<T: DeserializeOwned>(
    record: &Record,
    room_of: impl Fn(&T) -> RoomId,
) -> Result<T, Broken> {
    let value = serde_json::from_slice(&record.payload)?;
    let room = room_of(&value);
    if record.key.parse() != Ok(room) {
        let key = record.key.clone();
        return Err(Broken::ForeignKey { key, room });
    }
    Ok(value)
}
