//! The write side in one SQLite file, whose outbox is the event log of an all-in-one process (decision 10).
//!
//! SQLite has one writer, so a transaction sees the last ids and seqs as they are and takes the next ones in memory.
//! A batch is a handful of statements however many commands it holds: rows travel as JSON arrays.

mod damages;
mod load;
mod recent;
mod write;

use std::sync::Arc;

use async_trait::async_trait;
use colloquy_contracts::{CustomerId, RoomId, Timestamp};
use colloquy_event_log::SqliteOutbox;
use colloquy_sql::{
    StoreError,
    sqlite::SqliteDatabase,
    sweeping::{KeptReadings, SqlReadings},
};
use sqlx::migrate::MigrateError;

pub use self::damages::damages;
use super::{
    Accepted, RecentMessage, RecordError, Refusal, Submission, WriteStore,
    plan::{LockSet, Plan},
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

    /// The highest id of a customer who is a member of a room; 0 if there is none.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn highest_customer(&self) -> Result<CustomerId, StoreError> {
        let highest =
            sqlx::query_scalar("SELECT ifnull(max(customer_id), 0) FROM room_participants")
                .fetch_one(&self.database().readers)
                .await?;
        Ok(CustomerId(highest))
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
        let locks = LockSet::of(batch);
        let (state, ids) = load::batch_state(&mut transaction, &locks)
            .await
            .map_err(failed)?;
        let plan = Plan::make(batch, state, ids);
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

    async fn recent_messages(
        &self,
        customer: CustomerId,
        limit: u32,
    ) -> Result<Vec<RecentMessage>, StoreError> {
        recent::messages(&self.database().readers, customer, limit).await
    }

    fn readings(&self) -> Arc<dyn KeptReadings> {
        Arc::new(SqlReadings::new(self.database().clone(), "idempotency"))
    }

    async fn forget_keys(&self, before: Timestamp, limit: u32) -> Result<u64, RecordError> {
        let forgotten = sqlx::query(
            "DELETE FROM idempotency WHERE (customer_id, route, key) IN
             (SELECT customer_id, route, key FROM idempotency WHERE used_at < ?1 ORDER BY used_at LIMIT ?2)",
        )
        .bind(before.millis())
        .bind(limit)
        .execute(&self.database().writer)
        .await
        .map_err(failed)?;
        Ok(forgotten.rows_affected())
    }
}

/// `SQLITE_IOERR_FSYNC` and `SQLITE_IOERR_DIR_FSYNC`: after these the kernel may have dropped pages it could not write,
/// and a later sync that succeeds proves nothing.
const SYNC_FAILURES: [&str; 2] = ["1034", "1290"];
/// `SQLITE_FULL`: the transaction was rolled back.
const FULL: &str = "13";

/// Before the commit nothing is recorded: what fails here is rolled back. A sync can fail here too, when a batch is larger
/// than the page cache.
fn failed(error: sqlx::Error) -> RecordError {
    let is_sync = has_code(&error, &SYNC_FAILURES);
    match StoreError::from(error) {
        error if is_sync => RecordError::DiskFailed(error),
        error @ StoreError::Unavailable(_) => RecordError::Away(error),
        error @ StoreError::Defect(_) => RecordError::Rejected(error),
    }
}

fn commit_failed(error: sqlx::Error) -> RecordError {
    if has_code(&error, &SYNC_FAILURES) || has_code(&error, &[FULL]) {
        failed(error)
    } else {
        RecordError::Unknown(error.into())
    }
}

fn has_code(error: &sqlx::Error, codes: &[&str]) -> bool {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| codes.contains(&code.as_ref()))
}

#[cfg(test)]
mod tests {
    use std::{borrow::Cow, fmt};

    use sqlx::error::{DatabaseError, ErrorKind};

    use super::*;

    /// What SQLite answers, known by its code.
    #[derive(Debug)]
    struct Answer(&'static str);

    impl fmt::Display for Answer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl std::error::Error for Answer {}

    impl DatabaseError for Answer {
        fn message(&self) -> &str {
            self.0
        }

        fn code(&self) -> Option<Cow<'_, str>> {
            Some(self.0.into())
        }

        fn as_error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
            self
        }

        fn as_error_mut(&mut self) -> &mut (dyn std::error::Error + Send + Sync + 'static) {
            self
        }

        fn into_error(self: Box<Self>) -> Box<dyn std::error::Error + Send + Sync + 'static> {
            self
        }

        fn kind(&self) -> ErrorKind {
            ErrorKind::Other
        }
    }

    fn answer(code: &'static str) -> sqlx::Error {
        sqlx::Error::Database(Box::new(Answer(code)))
    }

    #[test]
    fn f36_a_sync_that_fails_is_one_whether_in_a_statement_or_in_the_commit() {
        for code in SYNC_FAILURES {
            for error in [failed(answer(code)), commit_failed(answer(code))] {
                assert!(matches!(error, RecordError::DiskFailed(_)), "{error:?}");
            }
        }
    }

    #[test]
    fn f36_a_full_disk_is_away_and_what_a_commit_that_fails_otherwise_did_is_not_known() {
        const IOERR_WRITE: &str = "778";
        assert!(matches!(failed(answer(FULL)), RecordError::Away(_)));
        assert!(matches!(commit_failed(answer(FULL)), RecordError::Away(_)));
        assert!(matches!(failed(answer(IOERR_WRITE)), RecordError::Away(_)));
        let error = commit_failed(answer(IOERR_WRITE));
        assert!(matches!(error, RecordError::Unknown(_)), "{error:?}");
    }
}
