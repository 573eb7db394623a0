//! From a record of a write topic, which may hold anything, to an event that keeps every rule of its shape. Every
//! consumer of such records reads them here, so that an unreadable one is parked and is not pushed either (decision 8).

use colloquy_contracts::{
    RoomId,
    events::{DecodeError, WriteEvent},
};

use crate::Record;

/// Ids are JSON numbers that every client can hold exactly.
const IDS: std::ops::Range<i64> = 1..1 << 53;

/// Why a record will never be an event.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// It has no value: what the store held was damaged, and is not passed on.
    #[error("the value was damaged in the store")]
    Damaged,
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
    if record.payload.is_empty() {
        return Err(Broken::Damaged);
    }
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
            if event.last_read_message_id.0 != 0 {
                in_range("lastReadMessageId", event.last_read_message_id.0)?;
            }
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

#[cfg(test)]
mod tests {
    use colloquy_contracts::Topic;

    use super::*;

    fn reason(topic: Topic, key: &str, value: &str) -> Option<String> {
        let record = Record {
            topic,
            partition: 0,
            offset: 1,
            key: key.into(),
            event_id: String::new(),
            payload: value.to_owned().into(),
            replayed: false,
            version: None,
            traceparent: None,
        };
        read(&record).err().map(|broken| broken.to_string())
    }

    #[test]
    fn decision_8_what_breaks_a_rule_of_its_shape_is_broken() {
        const MARKER: &str = r#"{"roomId":1,"customerId":2,"lastReadMessageId":3}"#;
        let marker = |key, from, to| {
            let value = MARKER.replace(from, to);
            reason(Topic::ReadMarkerUpdated, key, &value)
        };
        assert_eq!(marker("1", "", ""), None);
        for (key, from, to, expected) in [
            ("2", "", "", "the key is 2 and the value is about room 1"),
            ("", "", "", "the key is  and the value is about room 1"),
            ("0", "Id\":1", "Id\":0", "roomId is out of range"),
            ("1", ":2", ":-2", "customerId is out of range"),
            (
                "1",
                ":3",
                ":9007199254740992",
                "lastReadMessageId is out of range",
            ),
            (
                "1",
                ":3",
                ":9223372036854775808",
                "the value cannot be decoded",
            ),
            ("1", ":3", ":\"3\"", "the value cannot be decoded"),
            ("1", "}", "", "the value cannot be decoded"),
        ] {
            assert_eq!(
                marker(key, from, to).as_deref(),
                Some(expected),
                "{key} {to}"
            );
        }
        let announced = reason(Topic::RoomUpdated, "1", MARKER);
        assert_eq!(announced.as_deref(), Some("the value cannot be decoded"));
    }
}
