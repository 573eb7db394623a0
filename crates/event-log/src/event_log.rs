//! The port: an ordered log of records, which readers follow alone or as a group.
//!
//! A log holds records by topic. Records of one room on one topic keep the order in which they were appended; between
//! topics, and between rooms, no order is promised (decision 7).

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod embedded;
pub mod kafka;

use std::future::ready;

use async_trait::async_trait;
use bytes::Bytes;
use colloquy_chassis::{Failure, Kind, trace_context::TraceParent};
use colloquy_contracts::{RoomId, Topic, events::WriteEvent};
use futures_util::future::BoxFuture;

/// An event to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// The topic that it is appended to.
    pub topic: Topic,
    /// The room that it is about: the key of the record.
    pub room_id: RoomId,
    /// The `event-id` header: the same for every publication of the same event.
    pub event_id: String,
    /// The value, JSON.
    pub payload: Bytes,
    /// Whether this is a republication that the push side must skip (decision 14).
    pub replayed: bool,
    /// For an announcement of a state: of two about the same thing, the one with the higher version is the newer
    /// state, wherever they stand in the log. `None` where there is nothing to compare.
    pub version: Option<i64>,
    /// The trace context of the request that led to it, if it is known.
    pub traceparent: Option<TraceParent>,
}

impl From<&WriteEvent> for NewEvent {
    fn from(event: &WriteEvent) -> Self {
        Self {
            topic: event.topic(),
            room_id: event.room_id(),
            event_id: event.event_id(),
            payload: event.to_json().into(),
            replayed: false,
            version: None,
            traceparent: None,
        }
    }
}

/// A record of the log. It is unchecked: a record may hold anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The topic that it was read from.
    pub topic: Topic,
    /// The partition of the topic; partition *i* of all write topics holds the same rooms.
    pub partition: i32,
    /// Its offset in that partition. The embedded log has one partition and one sequence for all topics of a file.
    pub offset: i64,
    /// The key: a room id as text, if its writer kept the contract.
    pub key: String,
    /// The `event-id` header; empty if there was none.
    pub event_id: String,
    /// The value; empty if the store held it damaged.
    pub payload: Bytes,
    /// Whether it is a republication.
    pub replayed: bool,
    /// The `version` header, if there was a readable one.
    pub version: Option<i64>,
    /// The `traceparent` header, if there was a readable one.
    pub traceparent: Option<TraceParent>,
}

/// A partition of a topic whose group's position was moved back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rewound {
    /// The topic of the partition.
    pub topic: Topic,
    /// The number of the partition.
    pub partition: i32,
    /// The position before: the group had committed every record with a lower offset.
    pub from: i64,
}

/// How far a group has come in one partition, over the three write topics together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The number of the partition.
    pub partition: i32,
    /// How many records were ever appended to it.
    pub end: i64,
    /// How many of those the group has behind it: it has committed them, or they were no longer kept.
    pub position: i64,
}

/// Why a call of the log failed.
#[derive(Debug, thiserror::Error)]
pub enum EventLogError {
    /// The log is down or slow: wait, and try again from the same position.
    #[error("the event log is unavailable: {0}")]
    Unavailable(String),
    /// What a reader would read next is gone: it has missed records.
    #[error("the position is out of range")]
    OutOfRange,
    /// The log is set up in a way that cannot work; an operator has to mend it.
    #[error("the event log is misconfigured: {0}")]
    Misconfigured(String),
    /// The log does not let us in, or we do not accept it: only an operator can mend that. A service goes on trying, as
    /// while the log is away.
    #[error("the event log cannot be used: {0}")]
    LockedOut(String),
}

impl Failure for EventLogError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unavailable(_) | Self::OutOfRange | Self::LockedOut(_) => Kind::Unavailable,
            Self::Misconfigured(_) => Kind::Internal,
        }
    }
}

/// The log between write, read and push side.
#[async_trait]
pub trait EventLog: Send + Sync + 'static {
    /// Appends events in the order given, and answers for each whether it is durable.
    ///
    /// After an event that is not durable no later one of the same room is appended, so a caller that retries
    /// keeps the order. What keeps the events of some rooms from being durable does not delay the answer about the others. An event
    /// may be appended twice when an answer was lost; readers drop repeats by `event_id`.
    ///
    /// # Errors
    /// Nothing was appended.
    async fn append(&self, events: &[NewEvent]) -> Result<Vec<bool>, EventLogError>;

    /// Joins a consumer group that shares the three write topics among its members, all partitions with the same
    /// number to the same member, and resumes behind what the group has committed (at the beginning, the first time).
    ///
    /// # Errors
    /// The log is down or misconfigured.
    async fn join(&self, group: &str) -> Result<Box<dyn GroupReader>, EventLogError>;

    /// Follows topics without a group, from their end as it is when this returns: every record appended later is read.
    ///
    /// # Errors
    /// The log is down.
    async fn tail(&self, topics: &[Topic]) -> Result<Box<dyn TailReader>, EventLogError>;
}

/// How far groups have come, as the log knows it: also of a group whose members stand still.
#[async_trait]
pub trait GroupProgress: Send + Sync + 'static {
    /// The progress of a group in every partition, by number. A group that has never committed is at the beginning.
    ///
    /// # Errors
    /// The log is down.
    async fn progress(&self, group: &str) -> Result<Vec<Progress>, EventLogError>;
}

/// A member of a consumer group.
#[async_trait]
pub trait GroupReader: Send {
    /// The next records, at least one and at most `max`; waits until there is one. Cancel-safe: nothing is lost when
    /// the future is dropped.
    ///
    /// # Errors
    /// The log is down; call again.
    async fn next(&mut self, max: usize) -> Result<Vec<Record>, EventLogError>;

    /// Completes once a rebalance of the group has assigned this member its partitions (none, where the group has more
    /// members than partitions). Rebalances happen while [`GroupReader::next`] waits. At once where there are none.
    fn assigned(&self) -> BoxFuture<'static, ()> {
        Box::pin(ready(()))
    }

    /// Commits the position behind these records. Call it only when their effect is stored (invariant 4).
    ///
    /// Records of a partition that meanwhile belongs to another member are passed over: that member reads them again.
    ///
    /// # Errors
    /// The log is down: the records will be read again.
    async fn commit(&mut self, records: &[Record]) -> Result<(), EventLogError>;

    /// The partitions that are assigned to this member now.
    ///
    /// # Errors
    /// The log is down.
    fn partitions(&self) -> Result<Vec<i32>, EventLogError>;

    /// Moves the group's position in these partitions back to the beginning of each write topic, for good: all that is
    /// kept there is read again. Partitions that this member does not have are passed over, and absent in the answer.
    ///
    /// # Errors
    /// The log is down: call again.
    async fn rewind(&mut self, partitions: &[i32]) -> Result<Vec<Rewound>, EventLogError>;
}

/// A reader that follows topics without a group.
#[async_trait]
pub trait TailReader: Send {
    /// The next records, at least one and at most `max`; waits until there is one. Cancel-safe.
    ///
    /// # Errors
    /// The log is down (call again; nothing is skipped), or [`EventLogError::OutOfRange`]: make another tail.
    async fn next(&mut self, max: usize) -> Result<Vec<Record>, EventLogError>;
}

/// The three write topics as the audit trail: all events since the beginning.
#[async_trait]
pub trait AuditTrail: Send + Sync + 'static {
    /// Reads the write topics from their beginning to their end as it is when this returns, without a group.
    ///
    /// # Errors
    /// The log is down.
    async fn read_from_beginning(&self) -> Result<Box<dyn TrailReader>, EventLogError>;
}

/// A reader of the audit trail.
#[async_trait]
pub trait TrailReader: Send {
    /// The next records, at most `max`; none when everything up to the noted end has been read. A few from behind that
    /// end may be among them.
    ///
    /// # Errors
    /// The log is down (call again; nothing is skipped), or [`EventLogError::OutOfRange`]: what comes next is gone.
    async fn next(&mut self, max: usize) -> Result<Vec<Record>, EventLogError>;

    /// Notes the end as it is now, so that reading goes on up to there.
    ///
    /// # Errors
    /// The log is down; the end noted before stays.
    async fn note_end(&mut self) -> Result<(), EventLogError>;
}
