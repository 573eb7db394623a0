//! The port: where auth records which sessions have ended before their time, and which number each reader has passed.
//!
//! A session that has not ended needs no row: its token says everything. Every method is one whole transaction.

#[cfg(feature = "conformance")]
pub mod conformance;
pub mod moved;
pub mod postgres;
mod row;
pub mod sqlite;

use std::sync::Arc;

use async_trait::async_trait;
use colloquy_contracts::{CustomerId, Timestamp};
use colloquy_service_api::revocations::{Ended, Revocations};
use colloquy_sql::{Database, StoreError, sweeping::KeptReadings};
use tokio::sync::watch;

/// A reader that has not asked for longer has a copy that is too old, and denies by itself (revocation, decision 23).
pub const LIVE_SECONDS: u32 = 2;
/// How long a note of a reader stands before it is renewed, unless the reader has read further. A logout waits this much
/// longer for a reader that vanished.
pub const NOTED_SECONDS: u32 = 2;
/// At most so many entries in one answer.
pub const PAGE: usize = 1_000;

/// Where revocations are kept.
#[async_trait]
pub trait SessionStore: Send + Sync + 'static {
    /// Records that sessions have ended, and answers the entry's number. Numbers are 1, 2, 3 … without gaps, and a
    /// reader that finds one finds all before it. The same session again is the same entry.
    ///
    /// # Errors
    /// The store could not do it; nothing was recorded.
    async fn revoke(
        &self,
        customer: CustomerId,
        ended: &Ended,
        expires_at: Timestamp,
    ) -> Result<i64, StoreError>;

    /// The entries after a number, at most [`PAGE`].
    ///
    /// # Errors
    /// The store could not answer.
    async fn read_after(&self, number: i64) -> Result<Revocations, StoreError>;

    /// The entries after a number, as [`SessionStore::read_after`], for a reader that denies everything up to there. That
    /// it does, and that it asked just now, is noted unless both were noted within [`NOTED_SECONDS`].
    ///
    /// # Errors
    /// The store could not do it.
    async fn reader_passed(&self, reader: &str, number: i64) -> Result<Revocations, StoreError>;

    /// Changes when an entry was recorded: at once if by this instance, soon after if by another. It may change without an
    /// entry, and it does not change for entries of other instances while the database cannot be listened to.
    fn changes(&self) -> watch::Receiver<()>;

    /// Whether every reader that may have asked within [`LIVE_SECONDS`] has passed a number.
    ///
    /// # Errors
    /// The store could not answer.
    async fn all_readers_passed(&self, number: i64) -> Result<bool, StoreError>;

    /// Whether an entry could be recorded now: asked before a change that has to be followed by [`SessionStore::revoke`].
    ///
    /// # Errors
    /// An entry could not be recorded.
    async fn ready(&self) -> Result<(), StoreError>;

    /// The readings of the clock that are stored beside the entries.
    fn readings(&self) -> Arc<dyn KeptReadings>;

    /// Forgets entries that had expired by then, and readers that are gone. Numbers go on from where they were.
    ///
    /// # Errors
    /// The store could not do it.
    async fn sweep(&self, over_age: Timestamp) -> Result<u64, StoreError>;
}

/// Makes all of auth's tables.
pub(crate) async fn migrate(database: &Database) -> Result<(), StoreError> {
    match database {
        Database::Sqlite(file) => {
            let migrator = sqlx::migrate!("migrations/sqlite");
            Ok(migrator.run(&file.writer).await?)
        }
        // Each service that shares the database has its own list of what it has migrated.
        Database::Postgres(pool) => {
            let migrator = sqlx::migrate!("migrations/postgres");
            colloquy_sql::postgres::migrate(pool, migrator, "auth_migrations").await
        }
    }
}
