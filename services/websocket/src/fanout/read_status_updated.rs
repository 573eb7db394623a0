//! `read-status-updated` → `/user/topic/readStatus` of the reader. The value of the record is the body of the MESSAGE.

use bytes::Bytes;
use colloquy_contracts::{CustomerId, Destination, RoomId, views::ReadStatus};
use colloquy_event_log::Record;

use super::{
    announced::{self, Broken},
    registry::{Channel, Registry},
    yield_budget::Queued,
};

/// A reader's unread flag, ready to be pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// How many events of the room it is made of. Without it a flag cannot be compared, and is pushed.
    pub version: Option<i64>,
    /// The reader.
    pub customer: CustomerId,
    /// The record's value as it came.
    pub body: Bytes,
}

impl Flag {
    /// Whether this version is a later one.
    #[must_use]
    pub fn is_before(&self, version: Option<i64>) -> bool {
        self.version.is_some() && self.version < version
    }
}

/// Reads a record's flag.
///
/// # Errors
/// The record holds no flag.
pub fn read(record: Record) -> Result<(RoomId, Flag), Broken> {
    let status = announced::read(&record, |status: &ReadStatus| status.room_id)?;
    let flag = Flag {
        version: record.version,
        customer: status.customer_id,
        body: record.payload,
    };
    Ok((status.room_id, flag))
}

/// Pushes a flag to all sessions of its owner. Answers what was queued.
pub fn push(flag: &Flag, registry: &Registry) -> Queued {
    let channel = Channel::Own(flag.customer, Destination::ReadStatus);
    registry.publish(Destination::ReadStatus, [channel], &flag.body)
}
