//! The write side in one SQLite file, whose outbox is the event log of an all-in-one process (decision 10).
//!
//! SQLite has one writer, so a transaction sees the last ids and seqs as they are and takes the next ones in memory.
//! A batch is a handful of statements however many commands it holds: rows travel as JSON arrays.

mod load;
mod write;

use async_trait::async_trait;
use colloquy_contracts::{CustomerId, RoomId, Timestamp};
use colloquy_event_log::SqliteOutbox;
use colloquy_sql::{StoreError, sqlite::SqliteDatabase};
use sqlx::migrate::MigrateError;

use super::{
    Accepted, RecordError, Refusal, Submission, WriteStore,
    plan::{Named, Plan},
};

/// The adapter. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SqliteWriteStore {
    outbox: SqliteOutbox,
}

impl SqliteWriteStore {
    /// The store in the file of that outbox; makes and migrates its tables.
    ///
    /// # Errors
    /// The file cannot be read or written, or was written by a newer version.
    pub async fn open(outbox: SqliteOutbox) -> Result<Self, MigrateError> {
        let mut migrator = sqlx::migrate!("migrations/sqlite");
        migrator.dangerous_set_table_name("chat_command_migrations");
        migrator.run(&outbox.database().writer).await?;
        Ok(Self { outbox })
    }

    fn database(&self) -> &SqliteDatabase {
        self.outbox.database()
    }
}

#[async_trait]
impl WriteStore for SqliteWriteStore {
    async fn record(
        &self,
        batch: &[Submission],
    ) -> Result<Vec<Result<Accepted, Refusal>>, RecordError> {
        let writer = &self.database().writer;
        let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        let named = Named::by(batch);
        let (known, ids) = load::known(&mut transaction, &named)
            .await
            .map_err(failed)?;
        let plan = Plan::make(batch, known, ids);
        write::all(&mut transaction, &plan).await.map_err(failed)?;
        SqliteOutbox::record(&mut transaction, &plan.outgoing())
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(commit_failed)?;
        if !plan.events.is_empty() {
            self.outbox.committed();
        }
        Ok(plan.answers)
    }

    async fn is_member(&self, room: RoomId, customer: CustomerId) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM room_participants WHERE room_id = ?1 AND customer_id = ?2)",
        )
        .bind(room.0)
        .bind(customer.0)
        .fetch_one(&self.database().readers)
        .await?)
    }

    async fn forget_keys(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let forgotten = sqlx::query(
            "DELETE FROM idempotency WHERE (customer_id, route, key) IN
             (SELECT customer_id, route, key FROM idempotency WHERE used_at < ?1 ORDER BY used_at LIMIT ?2)",
        )
        .bind(before.millis())
        .bind(limit)
        .execute(&self.database().writer)
        .await?;
        Ok(forgotten.rows_affected())
    }
}

/// Before the commit nothing is recorded: what fails here is rolled back.
fn failed(error: sqlx::Error) -> RecordError {
    match StoreError::from(error) {
        error @ StoreError::Unavailable(_) => RecordError::Away(error),
        error @ StoreError::Defect(_) => RecordError::Rejected(error),
    }
}

/// `SQLITE_IOERR_FSYNC` and `SQLITE_IOERR_DIR_FSYNC`: after these the kernel may have dropped pages it could not write,
/// and a later sync that succeeds proves nothing.
const SYNC_FAILURES: [&str; 2] = ["1034", "1290"];
/// `SQLITE_FULL`: the transaction was rolled back.
const FULL: &str = "13";

fn commit_failed(error: sqlx::Error) -> RecordError {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .map(std::borrow::Cow::into_owned);
    let error = StoreError::from(error);
    match code.as_deref() {
        Some(code) if SYNC_FAILURES.contains(&code) => RecordError::DiskFailed(error),
        Some(FULL) => RecordError::Away(error),
        _ => RecordError::Unknown(error),
    }
}
