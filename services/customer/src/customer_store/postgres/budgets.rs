//! Budgets in PostgreSQL.

use colloquy_contracts::Timestamp;
use colloquy_sql::StoreError;
use sqlx::{PgConnection, PgPool};

use crate::{
    customer_store::SpendError,
    domain::{Budget, Uses},
};

pub(super) async fn spend(
    pool: &PgPool,
    budget: &Budget,
    now: Timestamp,
) -> Result<(), SpendError> {
    let mut transaction = pool.begin().await.map_err(StoreError::from)?;
    let kept = uses(&mut transaction, budget).await?;
    let mut uses = kept.clone();
    let outcome = budget.take(&mut uses, now);
    // Also what was refused may have mended what a clock had spoilt.
    if uses != kept {
        keep(&mut transaction, budget, &uses).await?;
        transaction.commit().await.map_err(StoreError::from)?;
    }
    Ok(outcome?)
}

pub(super) async fn give_back(pool: &PgPool, budget: &Budget) -> Result<(), StoreError> {
    let mut transaction = pool.begin().await?;
    let mut uses = uses(&mut transaction, budget).await?;
    uses.give_back();
    keep(&mut transaction, budget, &uses).await?;
    Ok(transaction.commit().await?)
}

pub(super) async fn forget(
    pool: &PgPool,
    over_age: Timestamp,
    at_once: u32,
) -> Result<u64, StoreError> {
    let forgotten = sqlx::query(
        "DELETE FROM budgets
         WHERE budget IN (SELECT budget FROM budgets WHERE ends_at <= $1 ORDER BY ends_at LIMIT $2
                          FOR UPDATE SKIP LOCKED)",
    )
    .bind(over_age.millis())
    .bind(i64::from(at_once))
    .execute(pool)
    .await?;
    Ok(forgotten.rows_affected())
}

/// Holds the budget until the transaction ends, also one that nobody had used: others wait for their turn.
async fn uses(connection: &mut PgConnection, budget: &Budget) -> Result<Uses, StoreError> {
    let kept: String = sqlx::query_scalar(
        "INSERT INTO budgets (budget, uses, ends_at) VALUES ($1, '', 0)
         ON CONFLICT (budget) DO UPDATE SET budget = excluded.budget RETURNING uses",
    )
    .bind(budget.key())
    .fetch_one(connection)
    .await?;
    Ok(Uses::decode(&kept))
}

async fn keep(
    connection: &mut PgConnection,
    budget: &Budget,
    uses: &Uses,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO budgets (budget, uses, ends_at) VALUES ($1, $2, $3)
         ON CONFLICT (budget) DO UPDATE SET uses = excluded.uses, ends_at = excluded.ends_at",
    )
    .bind(budget.key())
    .bind(uses.encode())
    .bind(budget.ends_at(uses))
    .execute(connection)
    .await?;
    Ok(())
}
