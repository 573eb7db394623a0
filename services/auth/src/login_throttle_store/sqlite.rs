//! Limits and places in a SQLite file (`sessions.db`, with the revocations).

use std::sync::Arc;

use async_trait::async_trait;
use colloquy_contracts::Timestamp;
use colloquy_rate_limit::{Digest, RateLimitStore, rate_limit_store::sqlite::SqliteRateLimitStore};
use colloquy_sql::{StoreError, sqlite::SqliteDatabase};

use super::{IS_KNOWN, LIMITS, LoginThrottleStore, REMEMBER, SWEEP};

/// The embedded store. Open its file with [`colloquy_sql::sqlite::Durability::Full`].
#[derive(Clone, Debug)]
pub struct SqliteLoginThrottleStore(SqliteDatabase);

impl SqliteLoginThrottleStore {
    /// The store in this file; makes the tables if they are not there.
    ///
    /// # Errors
    /// The file cannot be written, or holds another version's tables.
    pub async fn open(database: SqliteDatabase) -> Result<Self, StoreError> {
        sqlx::migrate!("migrations/sqlite")
            .run(&database.writer)
            .await?;
        Ok(Self(database))
    }
}

#[async_trait]
impl LoginThrottleStore for SqliteLoginThrottleStore {
    fn rate_limits(&self) -> Arc<dyn RateLimitStore> {
        Arc::new(SqliteRateLimitStore::new(self.0.clone(), LIMITS))
    }

    async fn remember(&self, place: &Digest, until: Timestamp) -> Result<(), StoreError> {
        sqlx::query(REMEMBER)
            .bind(place.as_str())
            .bind(until.millis())
            .execute(&self.0.writer)
            .await?;
        Ok(())
    }

    async fn is_known(&self, place: &Digest, now: Timestamp) -> Result<bool, StoreError> {
        let known = sqlx::query_scalar(IS_KNOWN)
            .bind(place.as_str())
            .bind(now.millis())
            .fetch_one(&self.0.readers)
            .await?;
        Ok(known)
    }

    async fn sweep(&self, over_age: Timestamp) -> Result<u64, StoreError> {
        let swept = sqlx::query(SWEEP)
            .bind(over_age.millis())
            .execute(&self.0.writer)
            .await?;
        Ok(swept.rows_affected())
    }
}
