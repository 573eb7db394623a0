//! The port between the write store and the relay: events that are committed and not yet published, and the lease that lets one relay a database publish them (decision 5).
//!
//! In an all-in-one process the outbox *is* the log, and nothing of this runs.

pub mod postgres;

use std::time::Duration;

use async_trait::async_trait;
use colloquy_contracts::RoomId;
use colloquy_event_log::NewEvent;
use colloquy_sql::StoreError;
use uuid::Uuid;

pub use self::postgres::PostgresOutbox;

/// The right to publish, until it runs out by the database's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The relay that holds it.
    pub holder: Uuid,
    /// Grows whenever it changes hands.
    pub epoch: i64,
}

/// An event that is not yet published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpublished {
    /// Its place in the outbox; within a room, ids are in the order of commits. Between rooms they are not.
    pub id: i64,
    /// The event.
    pub event: NewEvent,
}

/// How much is not yet published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// The number of events; [`COUNTED`] stands for that many or more.
    pub depth: i64,
    /// How long ago the oldest was committed.
    pub age: Duration,
}

/// The most events that are counted: after a long outage there are millions, and counting them takes as long as publishing
/// some of them.
pub const COUNTED: i64 = 100_000;

/// Events that are committed and not yet published.
#[async_trait]
pub trait Outbox: Send + Sync + 'static {
    /// Takes or keeps the lease for `ttl`; `None` while another relay holds it.
    ///
    /// # Errors
    /// The store is unavailable.
    async fn renew_lease(&self, holder: Uuid, ttl: Duration) -> Result<Option<Lease>, StoreError>;

    /// Gives the lease up, if it is still held.
    ///
    /// # Errors
    /// The store is unavailable: the lease runs out by itself.
    async fn release_lease(&self, lease: Lease) -> Result<(), StoreError>;

    /// Removes `published`, events that are durable in the log, and answers at most `limit` others in id order, those of some
    /// rooms left out; `None` when the lease is no longer held. If the removal is lost in a crash they are published again.
    ///
    /// # Errors
    /// The store is unavailable: perhaps nothing was removed.
    async fn unpublished(
        &self,
        lease: Lease,
        published: &[i64],
        limit: u32,
        without: &[RoomId],
    ) -> Result<Option<Vec<Unpublished>>, StoreError>;

    /// The backlog, in a time that does not grow with it.
    ///
    /// # Errors
    /// The store is unavailable.
    async fn backlog(&self) -> Result<Backlog, StoreError>;

    /// Resolves soon after a commit, here or in another instance; perhaps also without one, and perhaps never: the caller
    /// polls as well. A commit between two calls resolves the later one.
    async fn notified(&self);
}
