//! Budgets in a SQLite file (`sessions.db`, with the revocations).

use async_trait::async_trait;
use colloquy_contracts::Timestamp;
use colloquy_sql::{StoreError, sqlite::SqliteDatabase};
use sqlx::{Sqlite, Transaction};

use super::{Charge, GuessStore, row::Budgets};
use crate::{
    digest::Digest,
    guess_limits::{Admission, Outcome},
};

/// The embedded store. Open its file with [`colloquy_sql::sqlite::Durability::Full`].
#[derive(Clone, Debug)]
pub struct SqliteGuessStore(SqliteDatabase);

impl SqliteGuessStore {
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

    async fn load<'a>(
        &self,
        charges: &'a [Charge],
    ) -> Result<(Transaction<'static, Sqlite>, Budgets<'a>), StoreError> {
        let mut transaction = self.0.writer.begin_with("BEGIN IMMEDIATE").await?;
        let mut rows = Vec::new();
        for charge in charges {
            let row = sqlx::query_as("SELECT budget, state FROM guess_budgets WHERE budget = ?1")
                .bind(charge.budget.as_str())
                .fetch_optional(&mut *transaction)
                .await?;
            rows.extend(row);
        }
        Ok((transaction, Budgets::new(charges, rows)?))
    }
}

async fn save(
    mut transaction: Transaction<'static, Sqlite>,
    budgets: Budgets<'_>,
) -> Result<(), StoreError> {
    for changed in budgets.changed() {
        let changed = changed?;
        sqlx::query(
            "INSERT INTO guess_budgets (budget, state, forgotten_at, account) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (budget) DO UPDATE
             SET state = excluded.state, forgotten_at = excluded.forgotten_at, account = excluded.account",
        )
        .bind(changed.budget)
        .bind(changed.state)
        .bind(changed.forgotten_at)
        .bind(changed.account)
        .execute(&mut *transaction)
        .await?;
    }
    Ok(transaction.commit().await?)
}

#[async_trait]
impl GuessStore for SqliteGuessStore {
    async fn admit(&self, charges: &[Charge], now: Timestamp) -> Result<Admission, StoreError> {
        let (transaction, mut budgets) = self.load(charges).await?;
        let (admission, is_changed) = budgets.admit(now);
        if is_changed {
            save(transaction, budgets).await?;
        } else {
            transaction.rollback().await?;
        }
        Ok(admission)
    }

    async fn settle(
        &self,
        charges: &[Charge],
        admitted_at: Timestamp,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (transaction, mut budgets) = self.load(charges).await?;
        budgets.settle(admitted_at, outcome, now);
        save(transaction, budgets).await
    }

    async fn lift(&self, account: &Digest) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM guess_budgets WHERE account = ?1")
            .bind(account.as_str())
            .execute(&self.0.writer)
            .await?;
        Ok(())
    }

    async fn remember(&self, place: &Digest, until: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO known_places (place, known_until) VALUES (?1, ?2)
             ON CONFLICT (place) DO UPDATE SET known_until = max(known_until, excluded.known_until)",
        )
        .bind(place.as_str())
        .bind(until.millis())
        .execute(&self.0.writer)
        .await?;
        Ok(())
    }

    async fn is_known(&self, place: &Digest, now: Timestamp) -> Result<bool, StoreError> {
        let known = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM known_places WHERE place = ?1 AND known_until > ?2)",
        )
        .bind(place.as_str())
        .bind(now.millis())
        .fetch_one(&self.0.readers)
        .await?;
        Ok(known)
    }

    async fn sweep(&self, over_age: Timestamp) -> Result<u64, StoreError> {
        let mut swept = 0;
        for sweep in [
            "DELETE FROM guess_budgets WHERE forgotten_at <= ?1",
            "DELETE FROM known_places WHERE known_until <= ?1",
        ] {
            let done = sqlx::query(sweep)
                .bind(over_age.millis())
                .execute(&self.0.writer)
                .await?;
            swept += done.rows_affected();
        }
        Ok(swept)
    }
}
