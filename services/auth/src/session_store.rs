//! The port: where auth keeps which sessions have ended before their time, and how far the readers of that have come.
//!
//! A session that has not ended needs no row: its token says everything. Every method is one whole transaction.

#[cfg(feature = "conformance")]
pub mod conformance;
pub mod postgres;
mod row;
pub mod sqlite;

use std::sync::Arc;

use async_trait::async_trait;
use colloquy_contracts::{CustomerId, Timestamp};
use colloquy_service_api::revocations::{Ended, Revocations};
use colloquy_sql::{StoreError, sweeping::KeptReadings};
use tokio::sync::watch;

/// A reader that was not heard for longer has a copy that is too old, and denies by itself (decision 23).
pub const LIVE_SECONDS: u32 = 2;
/// How long what was noted of a reader may stand before it is noted again, unless the reader has come further. So one that
/// vanished is waited for this much longer.
pub const NOTED_SECONDS: u32 = 2;
/// Entries in one answer.
pub const PAGE: usize = 1_000;

/// Where revocations are kept.
#[async_trait]
pub trait SessionStore: Send + Sync + 'static {
    /// Records that sessions have ended, and answers the entry's number. Numbers are 1, 2, 3 … without gaps, and a
    /// reader that sees one sees all before it. The same session again is the same entry.
    ///
    /// # Errors
    /// The store could not do it; nothing was recorded.
    async fn revoke(
        &self,
        customer: CustomerId,
        ended: &Ended,
        expires_at: Timestamp,
    ) -> Result<i64, StoreError>;

    /// What follows a number, at most [`PAGE`] entries.
    ///
    /// # Errors
    /// The store could not tell.
    async fn read_after(&self, number: i64) -> Result<Revocations, StoreError>;

    /// What follows a number, as [`SessionStore::read_after`], for a reader that denies everything up to there. That it
    /// does, and that it was heard just now, is noted unless both were noted within [`NOTED_SECONDS`].
    ///
    /// # Errors
    /// The store could not do it.
    async fn reader_passed(&self, reader: &str, number: i64) -> Result<Revocations, StoreError>;

    /// Changes whenever an entry was recorded: here at once, by another instance soon after. Perhaps also for nothing;
    /// and while the other instances cannot be heard, not for theirs.
    fn changes(&self) -> watch::Receiver<()>;

    /// Whether every reader that may have been heard within [`LIVE_SECONDS`] has passed a number.
    ///
    /// # Errors
    /// The store could not tell.
    async fn all_readers_passed(&self, number: i64) -> Result<bool, StoreError>;

    /// Whether something could be recorded now: asked before something is done that has to be followed by
    /// [`SessionStore::revoke`].
    ///
    /// # Errors
    /// It could not.
    async fn ready(&self) -> Result<(), StoreError>;

    /// The readings of the clock that are kept beside the entries.
    fn readings(&self) -> Arc<dyn KeptReadings>;

    /// Forgets entries that had expired by then, and readers that are gone. Numbers go on from where they were.
    ///
    /// # Errors
    /// The store could not do it.
    async fn sweep(&self, over_age: Timestamp) -> Result<u64, StoreError>;
}
