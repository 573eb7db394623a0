//! SQLite files: one writer, a few readers, write-ahead log.

mod failed_writes;
mod one_moment;

use std::{path::Path, time::Duration};

use colloquy_chassis::{Tasks, readiness::Gate};
use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::time::timeout;

use self::failed_writes::FailedWrites;
pub use self::one_moment::{Copied, OneMoment};
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
    failed_writes: FailedWrites,
}

const READERS: u32 = 4;
/// A store that cannot answer within this time is down, as far as a caller is concerned (promise P6: ≤ 5 s).
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);

impl SqliteDatabase {
    /// Opens the file, and makes it if it is not there.
    ///
    /// # Errors
    /// The file cannot be opened or is no SQLite database, or what a killed process left cannot be synced (F36).
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
            .busy_timeout(ANSWER_TIMEOUT);
        let pool = |connections| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(ANSWER_TIMEOUT)
                .test_before_acquire(false)
        };
        let failed_writes = FailedWrites::default();
        // It stays open: a write-ahead log that was removed with the last connection could not be made on a full disk.
        let writer = pool(1).idle_timeout(None).max_lifetime(None);
        let writer = failed_writes.observe(writer);
        let writer = writer.connect_with(options.clone()).await?;
        settle(&writer, path, durability).await?;
        let readers = pool(READERS).connect_with(options.read_only(true)).await?;
        Ok(Self {
            writer,
            readers,
            failed_writes,
        })
    }

    /// Opens the gate, and closes it for as long as the file cannot be written (decision 40): from a write that SQLite
    /// rolled back by itself until a probe succeeds.
    pub fn guard(&self, file: &'static str, gate: Gate, tasks: &Tasks) {
        let (failed_writes, writer) = (self.failed_writes.clone(), self.writer.clone());
        let stop = tasks.clone();
        gate.open();
        tasks.spawn_vital("write probe", async move {
            tokio::select! {
                () = stop.stopping() => {}
                () = failed_writes.guard(file, &writer, &gate) => {}
            }
        });
    }

    /// Leaves one whole file without a write-ahead log, unless another process has it open (decision 41). Waits only so
    /// long for what still reads here.
    pub async fn close(&self) {
        if timeout(ANSWER_TIMEOUT, self.readers.close()).await.is_err() {
            tracing::warn!("a file is closed while it is read");
        }
        let emptied = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)");
        if let Err(error) = emptied.execute(&self.writer).await {
            tracing::warn!(%error, "a write-ahead log could not be moved into its file");
        }
        if timeout(ANSWER_TIMEOUT, self.writer.close()).await.is_err() {
            tracing::warn!("a file is left while it is written");
        }
    }
}

/// Moves into the file, and syncs, what a process that was killed left in the write-ahead log. After a sync that failed
/// the log may be whole in the kernel's memory and not on the disk, and nothing may be acknowledged on top of that (F36).
///
/// A full disk can be opened, and so can a file that a process beside this one reads, which keeps the log from being moved
/// to its end.
async fn settle(
    writer: &SqlitePool,
    path: &Path,
    durability: Durability,
) -> Result<(), sqlx::Error> {
    let settled = sqlx::query_as::<_, (i64, i64, i64)>("PRAGMA wal_checkpoint(PASSIVE)");
    match settled.fetch_one(writer).await {
        Ok((0, log, moved)) if log == moved => {}
        Ok((_, log, moved)) => {
            tracing::warn!(
                file = %path.display(), log, moved,
                "a write-ahead log was not moved into its file to the end"
            );
        }
        Err(error) if durability == Durability::Full && is_io_error(&error) => return Err(error),
        Err(error) => {
            tracing::warn!(file = %path.display(), %error, "a write-ahead log could not be moved into its file");
        }
    }
    Ok(())
}

/// `SQLITE_IOERR`, with its extended forms.
fn is_io_error(error: &sqlx::Error) -> bool {
    const IOERR: i32 = 10;
    let answer = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    answer.is_some_and(|code| code.parse().is_ok_and(|code: i32| code & 0xff == IOERR))
}
