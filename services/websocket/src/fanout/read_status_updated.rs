//! `read-status-updated` → `/user/topic/readStatus` of whoever read. The value of the record is the body of the MESSAGE.

use bytes::Bytes;
use colloquy_contracts::{CustomerId, Destination, RoomId, views::ReadStatus};
use colloquy_event_log::Record;

use super::{
    registry::{Address, Registry},
    turn::Queued,
};

/// Somebody's unread flag, ready to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// How far the room had come. Without it a flag cannot be compared, and is told.
    pub version: Option<i64>,
    /// Whose it is.
    pub customer: CustomerId,
    /// The flag as it came.
    pub body: Bytes,
}

impl Flag {
    /// Whether the room had come further in this version.
    #[must_use]
    pub fn is_before(&self, version: Option<i64>) -> bool {
        self.version.is_some() && self.version < version
    }
}

/// Reads a record's flag.
///
/// # Errors
/// The record holds no flag.
pub fn read(record: Record) -> Result<(RoomId, Flag), serde_json::Error> {
    let status: ReadStatus = serde_json::from_slice(&record.payload)?;
    let flag = Flag {
        version: record.version,
        customer: status.customer_id,
        body: record.payload,
    };
    Ok((status.room_id, flag))
}

/// Pushes a flag to all sessions of its owner. Answers what was queued.
pub fn push(flag: &Flag, registry: &Registry) -> Queued {
    let address = Address::Own(flag.customer, Destination::ReadStatus);
    registry.publish(Destination::ReadStatus, [address], &flag.body)
}
