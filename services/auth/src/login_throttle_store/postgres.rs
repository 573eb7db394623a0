//! Limits and places in PostgreSQL (`chat_db`, with the revocations).

use std::sync::Arc;

use async_trait::async_trait;
use colloquy_contracts::Timestamp;
use colloquy_rate_limit::{
    Digest, RateLimitStore, rate_limit_store::postgres::PostgresRateLimitStore,
};
use colloquy_sql::{StoreError, postgres::bounded};
use sqlx::PgPool;

use super::{IS_KNOWN, LIMITS, LoginThrottleStore, REMEMBER, SWEEP};
use crate::session_store::postgres::migrate;

/// The distributed store. Cheap to clone; any number of instances may use one database.
#[derive(Clone, Debug)]
pub struct PostgresLoginThrottleStore(PgPool);

impl PostgresLoginThrottleStore {
    /// The store in this database; makes the tables if they are not there, also when several instances start at once.
    ///
    /// # Errors
    /// The database is down, or holds another version's tables.
    pub async fn open(pool: PgPool) -> Result<Self, StoreError> {
        migrate(&pool).await?;
        Ok(Self(pool))
    }
}

#[async_trait]
impl LoginThrottleStore for PostgresLoginThrottleStore {
    fn rate_limits(&self) -> Arc<dyn RateLimitStore> {
        Arc::new(PostgresRateLimitStore::new(self.0.clone(), LIMITS))
    }

    async fn remember(&self, place: &Digest, until: Timestamp) -> Result<(), StoreError> {
        let work = sqlx::query(REMEMBER)
            .bind(place.as_str())
            .bind(until.millis())
            .execute(&self.0);
        bounded(&self.0, work).await??;
        Ok(())
    }

    async fn is_known(&self, place: &Digest, now: Timestamp) -> Result<bool, StoreError> {
        let work = sqlx::query_scalar(IS_KNOWN)
            .bind(place.as_str())
            .bind(now.millis())
            .fetch_one(&self.0);
        Ok(bounded(&self.0, work).await??)
    }

    async fn sweep(&self, over_age: Timestamp) -> Result<u64, StoreError> {
        let work = sqlx::query(SWEEP).bind(over_age.millis()).execute(&self.0);
        Ok(bounded(&self.0, work).await??.rows_affected())
    }
}
