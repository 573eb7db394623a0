//! Events that were parked because they are broken, so that others go on (decision 8).

use std::{fmt, str::FromStr};

use bytes::Bytes;
use colloquy_contracts::{Timestamp, Topic};
use colloquy_event_log::Record;

/// A record of the log that was not projected, kept whole, so that an operator can inspect and replay it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedEvent {
    /// Its position in the log.
    pub position: LogPosition,
    /// The key as it was.
    pub key: String,
    /// The `event-id` header as it was.
    pub event_id: String,
    /// The value as it was.
    pub payload: Bytes,
    /// Why it was parked, for an operator.
    pub reason: String,
    /// When it was parked.
    pub parked_at: Timestamp,
    /// How often it was tried, the first time included.
    pub tries: u32,
}

/// The position of a record in the log, which is also its id: `topic:partition:offset`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogPosition {
    /// The topic of the record.
    pub topic: Topic,
    /// The partition of that topic.
    pub partition: i32,
    /// The offset in that partition.
    pub offset: i64,
}

/// A text that is no position in the log.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not topic:partition:offset")]
pub struct InvalidLogPosition(String);

impl ParkedEvent {
    /// Parks a record that was tried once.
    #[must_use]
    pub fn new(record: &Record, reason: String, parked_at: Timestamp) -> Self {
        Self {
            position: LogPosition {
                topic: record.topic,
                partition: record.partition,
                offset: record.offset,
            },
            key: record.key.clone(),
            event_id: record.event_id.clone(),
            payload: record.payload.clone(),
            reason,
            parked_at,
            tries: 1,
        }
    }

    /// The reason without its quotations of the event: for lists and logs.
    #[must_use]
    pub fn headline(&self) -> &str {
        let head = self.reason.split(": ").next();
        head.unwrap_or_default()
    }

    /// The record as it would be read now.
    #[must_use]
    pub fn record(&self) -> Record {
        Record {
            topic: self.position.topic,
            partition: self.position.partition,
            offset: self.position.offset,
            key: self.key.clone(),
            event_id: self.event_id.clone(),
            payload: self.payload.clone(),
            replayed: false,
            version: None,
            traceparent: None,
        }
    }
}

impl fmt::Display for LogPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.topic, self.partition, self.offset)
    }
}

impl FromStr for LogPosition {
    type Err = InvalidLogPosition;

    fn from_str(text: &str) -> Result<Self, InvalidLogPosition> {
        let parse = || {
            let mut parts = text.splitn(3, ':');
            Some(Self {
                topic: parts.next()?.parse().ok()?,
                partition: parts.next()?.parse().ok()?,
                offset: parts.next()?.parse().ok()?,
            })
        };
        parse().ok_or_else(|| InvalidLogPosition(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_as_it_is_written() {
        let position = LogPosition {
            topic: Topic::ChatMessageSent,
            partition: 3,
            offset: 1 << 52,
        };
        assert_eq!(position.to_string(), "chat-message-sent:3:4503599627370496");
        assert_eq!(
            position.to_string().parse::<LogPosition>().unwrap(),
            position
        );
        for text in [
            "",
            "chat-message-sent",
            "chat-message-sent:3",
            "x:3:4",
            "chat-message-sent:3:4:5",
        ] {
            assert!(text.parse::<LogPosition>().is_err(), "{text}");
        }
    }
}
