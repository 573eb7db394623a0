//! Uses counted in PostgreSQL.

use async_trait::async_trait;
use colloquy_contracts::Timestamp;
use colloquy_sql::{StoreError, postgres::bounded};
use sqlx::{AssertSqlSafe, PgPool};

use super::{
    Decision, Permit, RateLimit, RateLimitStore,
    entries::{Change, Entries, SWEPT_AT_ONCE, Statements, decision, in_order},
};
use crate::{Digest, usage::Verdict};

/// The distributed store. Cheap to clone; any number of instances may use one table.
#[derive(Clone, Debug)]
pub struct PostgresRateLimitStore {
    pool: PgPool,
    sql: Statements,
}

impl PostgresRateLimitStore {
    /// The store in this table, which the service has made.
    #[must_use]
    pub fn new(pool: PgPool, table: &'static str) -> Self {
        let sql = Statements::of(table, "FOR UPDATE SKIP LOCKED");
        Self { pool, sql }
    }

    /// The rows of the limits are locked until the transaction ends: other instances wait for their turn.
    async fn update(
        &self,
        limits: &[RateLimit],
        change: Change<'_>,
        now: Timestamp,
    ) -> Result<Verdict, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let mut entries = Entries::default();
        for limit in in_order(limits) {
            let usage: String = sqlx::query_scalar(AssertSqlSafe(&*self.sql.lock))
                .bind(limit.key.as_str())
                .fetch_one(&mut *transaction)
                .await?;
            entries.push(limit, &usage)?;
        }
        let verdict = entries.apply(change, now);
        let changed = entries.changed()?;
        if changed.is_empty() {
            transaction.rollback().await?;
            return Ok(verdict);
        }
        for row in changed {
            sqlx::query(AssertSqlSafe(&*self.sql.save))
                .bind(row.key)
                .bind(row.usage)
                .bind(row.ends_at)
                .bind(row.owner)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(verdict)
    }
}

#[async_trait]
impl RateLimitStore for PostgresRateLimitStore {
    async fn try_acquire(
        &self,
        limits: &[RateLimit],
        now: Timestamp,
    ) -> Result<Decision, StoreError> {
        let update = self.update(limits, Change::Acquire, now);
        let verdict = bounded(&self.pool, update).await??;
        Ok(decision(verdict, limits, now))
    }

    async fn refund(&self, permit: &Permit, now: Timestamp) -> Result<(), StoreError> {
        let update = self.update(&permit.limits, Change::Refund(permit), now);
        bounded(&self.pool, update).await??;
        Ok(())
    }

    async fn fail(&self, permit: &Permit, now: Timestamp) -> Result<(), StoreError> {
        let update = self.update(&permit.limits, Change::Fail(permit), now);
        bounded(&self.pool, update).await??;
        Ok(())
    }

    async fn reset(&self, owner: &Digest) -> Result<(), StoreError> {
        let reset = sqlx::query(AssertSqlSafe(&*self.sql.reset))
            .bind(owner.as_str())
            .execute(&self.pool);
        bounded(&self.pool, reset).await??;
        Ok(())
    }

    async fn sweep(&self, over_age: Timestamp) -> Result<u64, StoreError> {
        let mut swept = 0;
        loop {
            let sweep = sqlx::query(AssertSqlSafe(&*self.sql.sweep))
                .bind(over_age.millis())
                .bind(SWEPT_AT_ONCE)
                .execute(&self.pool);
            let rows = bounded(&self.pool, sweep).await??.rows_affected();
            swept += rows;
            if rows < SWEPT_AT_ONCE.unsigned_abs() {
                return Ok(swept);
            }
        }
    }
}
