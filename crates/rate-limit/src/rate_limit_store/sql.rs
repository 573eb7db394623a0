//! Uses counted in a table of SQLite or PostgreSQL.

use async_trait::async_trait;
use colloquy_contracts::Timestamp;
use colloquy_sql::{Database, StoreError, execute, transaction};
use sqlx::AssertSqlSafe;

use super::{
    Decision, Permit, RateLimit, RateLimitStore,
    entries::{Change, Entries, SWEPT_AT_ONCE, Statements, decision, in_order},
};
use crate::{Digest, usage::Verdict};

/// The store of both databases. Cheap to clone; any number of instances may use one table of PostgreSQL. Open a file with
/// [`colloquy_sql::sqlite::Durability::Full`].
#[derive(Clone, Debug)]
pub struct SqlRateLimitStore {
    database: Database,
    sql: Statements,
}

impl SqlRateLimitStore {
    /// The store in this table, which the service has made.
    #[must_use]
    pub fn new(database: impl Into<Database>, table: &'static str) -> Self {
        let database = database.into();
        let sql = Statements::of(
            table,
            match database {
                Database::Sqlite(_) => "",
                Database::Postgres(_) => "FOR UPDATE SKIP LOCKED",
            },
        );
        Self { database, sql }
    }

    /// The rows of the limits are locked until the transaction ends: other instances wait for their turn.
    async fn update(
        &self,
        limits: &[RateLimit],
        change: Change<'_>,
        now: Timestamp,
    ) -> Result<Verdict, StoreError> {
        transaction!(self.database, |transaction| {
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
        })
    }
}

#[async_trait]
impl RateLimitStore for SqlRateLimitStore {
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
        let reset = &*self.sql.reset;
        execute!(
            self.database,
            sqlx::query(AssertSqlSafe(reset)).bind(owner.as_str())
        )?;
        Ok(())
    }

    async fn sweep(&self, over_age: Timestamp) -> Result<u64, StoreError> {
        let mut swept = 0;
        loop {
            let rows = execute!(
                self.database,
                sqlx::query(AssertSqlSafe(&*self.sql.sweep))
                    .bind(over_age.millis())
                    .bind(SWEPT_AT_ONCE)
            )?;
            swept += rows;
            if rows < SWEPT_AT_ONCE.unsigned_abs() {
                return Ok(swept);
            }
        }
    }
}
