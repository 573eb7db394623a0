//! Uses counted in a SQLite file.

use async_trait::async_trait;
use colloquy_contracts::Timestamp;
use colloquy_sql::{StoreError, sqlite::SqliteDatabase};
use sqlx::AssertSqlSafe;

use super::{
    Decision, Permit, RateLimit, RateLimitStore,
    entries::{Change, Entries, SWEPT_AT_ONCE, Statements, decision, in_order},
};
use crate::{Digest, usage::Verdict};

/// The embedded store. Open its file with [`colloquy_sql::sqlite::Durability::Full`].
#[derive(Clone, Debug)]
pub struct SqliteRateLimitStore {
    database: SqliteDatabase,
    sql: Statements,
}

impl SqliteRateLimitStore {
    /// The store in this table, which the service has made.
    #[must_use]
    pub fn new(database: SqliteDatabase, table: &'static str) -> Self {
        let sql = Statements::of(table, "");
        Self { database, sql }
    }

    async fn update(
        &self,
        limits: &[RateLimit],
        change: Change<'_>,
        now: Timestamp,
    ) -> Result<Verdict, StoreError> {
        let mut transaction = self.database.writer.begin_with("BEGIN IMMEDIATE").await?;
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
impl RateLimitStore for SqliteRateLimitStore {
    async fn try_acquire(
        &self,
        limits: &[RateLimit],
        now: Timestamp,
    ) -> Result<Decision, StoreError> {
        let verdict = self.update(limits, Change::Acquire, now).await?;
        Ok(decision(verdict, limits, now))
    }

    async fn refund(&self, permit: &Permit, now: Timestamp) -> Result<(), StoreError> {
        self.update(&permit.limits, Change::Refund(permit), now)
            .await?;
        Ok(())
    }

    async fn fail(&self, permit: &Permit, now: Timestamp) -> Result<(), StoreError> {
        self.update(&permit.limits, Change::Fail(permit), now)
            .await?;
        Ok(())
    }

    async fn reset(&self, owner: &Digest) -> Result<(), StoreError> {
        sqlx::query(AssertSqlSafe(&*self.sql.reset))
            .bind(owner.as_str())
            .execute(&self.database.writer)
            .await?;
        Ok(())
    }

    async fn sweep(&self, over_age: Timestamp) -> Result<u64, StoreError> {
        let mut swept = 0;
        loop {
            let rows = sqlx::query(AssertSqlSafe(&*self.sql.sweep))
                .bind(over_age.millis())
                .bind(SWEPT_AT_ONCE)
                .execute(&self.database.writer)
                .await?
                .rows_affected();
            swept += rows;
            if rows < SWEPT_AT_ONCE.unsigned_abs() {
                return Ok(swept);
            }
        }
    }
}
