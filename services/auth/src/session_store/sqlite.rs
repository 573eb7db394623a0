//! Revocations in a SQLite file (`sessions.db`).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use colloquy_contracts::{CustomerId, Timestamp};
use colloquy_service_api::revocations::{Ended, Revocations};
use colloquy_sql::{
    StoreError,
    sqlite::SqliteDatabase,
    sweeping::{KeptReadings, SqlReadings},
};
use tokio::{sync::watch, time::Instant};

use super::{
    LIVE_SECONDS, SessionStore, migrate,
    row::{LAST_NUMBER, PAGE_ROWS, READ, Row, SWEEP, page, record},
};

/// The embedded store. Open its file with [`colloquy_sql::sqlite::Durability::Full`]: what was revoked stays revoked.
///
/// Which number each reader has passed is in memory: a data folder has one process, so its readers end with it.
#[derive(Clone, Debug)]
pub struct SqliteSessionStore {
    database: SqliteDatabase,
    readers: Arc<Mutex<HashMap<String, ReaderPosition>>>,
    changes: watch::Sender<()>,
}

#[derive(Debug)]
struct ReaderPosition {
    passed: i64,
    asked_at: Instant,
}

impl SqliteSessionStore {
    /// The store in this file; makes the tables if they are not there.
    ///
    /// # Errors
    /// The file cannot be written, or holds another version's tables.
    pub async fn open(database: SqliteDatabase) -> Result<Self, StoreError> {
        migrate(&database.clone().into()).await?;
        Ok(Self {
            database,
            readers: Arc::default(),
            changes: watch::Sender::new(()),
        })
    }

    /// The readers that asked within [`LIVE_SECONDS`]; the others are forgotten.
    fn live_readers(&self) -> MutexGuard<'_, HashMap<String, ReaderPosition>> {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        let live = Duration::from_secs(LIVE_SECONDS.into());
        readers.retain(|_, reader| reader.asked_at.elapsed() <= live);
        readers
    }
}

#[async_trait]
impl SessionStore for SqliteSessionStore {
    async fn revoke(
        &self,
        customer: CustomerId,
        ended: &Ended,
        expires_at: Timestamp,
    ) -> Result<i64, StoreError> {
        let number = record(&self.database.clone().into(), customer, ended, expires_at).await?;
        self.changes.send_replace(());
        Ok(number)
    }

    async fn read_after(&self, number: i64) -> Result<Revocations, StoreError> {
        // First the last number, then the entries up to it: they are committed by then.
        let last_number: i64 = sqlx::query_scalar(LAST_NUMBER)
            .fetch_one(&self.database.readers)
            .await?;
        if last_number == number {
            return page(Vec::new(), last_number);
        }
        let rows: Vec<Row> = sqlx::query_as(READ)
            .bind(number)
            .bind(last_number)
            .bind(PAGE_ROWS)
            .fetch_all(&self.database.readers)
            .await?;
        page(rows, last_number)
    }

    async fn reader_passed(&self, reader: &str, number: i64) -> Result<Revocations, StoreError> {
        let position = ReaderPosition {
            passed: number,
            asked_at: Instant::now(),
        };
        self.live_readers().insert(reader.to_owned(), position);
        self.read_after(number).await
    }

    fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    async fn all_readers_passed(&self, number: i64) -> Result<bool, StoreError> {
        let readers = self.live_readers();
        Ok(readers.values().all(|reader| reader.passed >= number))
    }

    async fn ready(&self) -> Result<(), StoreError> {
        // Takes the lock that every write takes, and gives it back.
        let transaction = self.database.writer.begin_with("BEGIN IMMEDIATE").await?;
        Ok(transaction.rollback().await?)
    }

    fn readings(&self) -> Arc<dyn KeptReadings> {
        Arc::new(SqlReadings::new(self.database.clone(), "auth"))
    }

    async fn sweep(&self, over_age: Timestamp) -> Result<u64, StoreError> {
        let swept = sqlx::query(SWEEP)
            .bind(over_age.millis())
            .execute(&self.database.writer)
            .await?;
        Ok(swept.rows_affected())
    }
}
