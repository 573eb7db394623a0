//! SQLite files: one writer, a few readers, write-ahead log.

use std::{path::Path, time::Duration};

use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::StoreError;

/// What a commit promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Synced before it is acknowledged; for what exists nowhere else.
    Full,
    /// Survives the end of the process, perhaps not a power cut; for what can be rebuilt.
    Rebuildable,
}

/// One SQLite file. SQLite has one writer, so the writing pool holds one connection and writers queue for it
/// instead of failing with BUSY. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SqliteDatabase {
    /// For transactions that write: begin them with `BEGIN IMMEDIATE`.
    pub writer: SqlitePool,
    /// For everything that only reads.
    pub readers: SqlitePool,
}

const READERS: u32 = 4;
/// A store that cannot answer within this time is down, as far as a caller is concerned (promise P6: ≤ 5 s).
const PATIENCE: Duration = Duration::from_secs(3);

impl SqliteDatabase {
    /// Opens the file, and makes it if it is not there.
    ///
    /// # Errors
    /// The file cannot be opened or is no SQLite database.
    pub async fn open(path: &Path, durability: Durability) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(match durability {
                Durability::Full => SqliteSynchronous::Full,
                Durability::Rebuildable => SqliteSynchronous::Normal,
            })
            .foreign_keys(true)
            .busy_timeout(PATIENCE);
        let pool = |connections| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(PATIENCE)
                .test_before_acquire(false)
        };
        let writer = pool(1).connect_with(options.clone()).await?;
        let readers = pool(READERS).connect_with(options.read_only(true)).await?;
        Ok(Self { writer, readers })
    }
}
