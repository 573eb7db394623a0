//! Events that were set aside because they are broken, so that others go on (decision 8).

use bytes::Bytes;
use colloquy_contracts::Topic;
use colloquy_event_log::Record;

/// A record of the log that was not projected, whole, so that it can be looked at and replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedEvent {
    /// Where it was.
    pub topic: Topic,
    /// Which partition of the topic.
    pub partition: i32,
    /// Its place there.
    pub offset: i64,
    /// The key as it was.
    pub key: String,
    /// The `event-id` header as it was.
    pub event_id: String,
    /// The value as it was.
    pub payload: Bytes,
    /// Why, for an operator.
    pub reason: String,
}

impl ParkedEvent {
    /// Sets a record aside.
    #[must_use]
    pub fn new(record: &Record, reason: String) -> Self {
        Self {
            topic: record.topic,
            partition: record.partition,
            offset: record.offset,
            key: record.key.clone(),
            event_id: record.event_id.clone(),
            payload: record.payload.clone(),
            reason,
        }
    }
}
