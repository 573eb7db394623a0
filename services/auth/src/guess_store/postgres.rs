//! Budgets in PostgreSQL (`chat_db`, with the revocations).

use async_trait::async_trait;
use colloquy_contracts::Timestamp;
use colloquy_sql::{StoreError, postgres::bounded};
use sqlx::{PgPool, Postgres, Transaction};

use super::{
    Charge, GuessStore,
    row::{Budgets, Row},
};
use crate::{
    digest::Digest,
    guess_limits::{Admission, Outcome},
    session_store::postgres::migrate,
};

/// The distributed store. Cheap to clone; any number of instances may use one database.
#[derive(Clone, Debug)]
pub struct PostgresGuessStore(PgPool);

impl PostgresGuessStore {
    /// The store in this database; makes the tables if they are not there, also when several instances start at once.
    ///
    /// # Errors
    /// The database is down, or holds another version's tables.
    pub async fn open(pool: PgPool) -> Result<Self, StoreError> {
        migrate(&pool).await?;
        Ok(Self(pool))
    }

    /// The budgets, held against everybody else until the transaction ends.
    async fn load<'a>(
        &self,
        charges: &'a [Charge],
    ) -> Result<(Transaction<'static, Postgres>, Budgets<'a>), StoreError> {
        // Always in the same order, so that nobody waits in a circle.
        let mut keys: Vec<&str> = charges.iter().map(|one| one.budget.as_str()).collect();
        keys.sort_unstable();
        let mut transaction = self.0.begin().await?;
        let mut rows: Vec<Row> = Vec::new();
        for key in keys {
            // A row that is not there cannot be held, so it is made first; the statement waits for whoever holds it.
            let row = sqlx::query_as(
                "INSERT INTO guess_budgets (budget, state, forgotten_at) VALUES ($1, $2, 0)
                 ON CONFLICT (budget) DO UPDATE SET budget = EXCLUDED.budget RETURNING budget, state",
            )
            .bind(key)
            .bind(Budgets::BEGINNING)
            .fetch_one(&mut *transaction)
            .await?;
            rows.push(row);
        }
        Ok((transaction, Budgets::new(charges, rows)?))
    }

    async fn count(&self, charges: &[Charge], now: Timestamp) -> Result<Admission, StoreError> {
        let (transaction, mut budgets) = self.load(charges).await?;
        let (admission, is_changed) = budgets.admit(now);
        if is_changed {
            save(transaction, budgets).await?;
        } else {
            transaction.rollback().await?;
        }
        Ok(admission)
    }
}

async fn save(
    mut transaction: Transaction<'static, Postgres>,
    budgets: Budgets<'_>,
) -> Result<(), StoreError> {
    for changed in budgets.changed() {
        let changed = changed?;
        sqlx::query(
            "UPDATE guess_budgets SET state = $2, forgotten_at = $3, account = $4 WHERE budget = $1",
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
impl GuessStore for PostgresGuessStore {
    async fn admit(&self, charges: &[Charge], now: Timestamp) -> Result<Admission, StoreError> {
        bounded(&self.0, self.count(charges, now)).await?
    }

    async fn settle(
        &self,
        charges: &[Charge],
        admitted_at: Timestamp,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let work = async {
            let (transaction, mut budgets) = self.load(charges).await?;
            budgets.settle(admitted_at, outcome, now);
            save(transaction, budgets).await
        };
        bounded(&self.0, work).await?
    }

    async fn lift(&self, account: &Digest) -> Result<(), StoreError> {
        let work = sqlx::query("DELETE FROM guess_budgets WHERE account = $1")
            .bind(account.as_str())
            .execute(&self.0);
        bounded(&self.0, work).await??;
        Ok(())
    }

    async fn remember(&self, place: &Digest, until: Timestamp) -> Result<(), StoreError> {
        let work = sqlx::query(
            "INSERT INTO known_places (place, known_until) VALUES ($1, $2)
             ON CONFLICT (place) DO UPDATE
             SET known_until = greatest(known_places.known_until, EXCLUDED.known_until)",
        )
        .bind(place.as_str())
        .bind(until.millis())
        .execute(&self.0);
        bounded(&self.0, work).await??;
        Ok(())
    }

    async fn is_known(&self, place: &Digest, now: Timestamp) -> Result<bool, StoreError> {
        let work = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM known_places WHERE place = $1 AND known_until > $2)",
        )
        .bind(place.as_str())
        .bind(now.millis())
        .fetch_one(&self.0);
        Ok(bounded(&self.0, work).await??)
    }

    async fn sweep(&self, over_age: Timestamp) -> Result<u64, StoreError> {
        let mut swept = 0;
        for sweep in [
            "DELETE FROM guess_budgets WHERE forgotten_at <= $1",
            "DELETE FROM known_places WHERE known_until <= $1",
        ] {
            let work = sqlx::query(sweep).bind(over_age.millis()).execute(&self.0);
            swept += bounded(&self.0, work).await??.rows_affected();
        }
        Ok(swept)
    }
}
