//! Budgets in SQLite.

use colloquy_contracts::Timestamp;
use colloquy_sql::{StoreError, sqlite::SqliteDatabase};
use sqlx::SqliteConnection;

use super::begin;
use crate::{
    customer_store::SpendError,
    domain::{Budget, Uses},
};

pub(super) async fn spend(
    database: &SqliteDatabase,
    budget: &Budget,
    now: Timestamp,
) -> Result<(), SpendError> {
    let mut transaction = begin(database).await?;
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

pub(super) async fn give_back(
    database: &SqliteDatabase,
    budget: &Budget,
) -> Result<(), StoreError> {
    let mut transaction = begin(database).await?;
    let mut uses = uses(&mut transaction, budget).await?;
    uses.give_back();
    keep(&mut transaction, budget, &uses).await?;
    Ok(transaction.commit().await?)
}

pub(super) async fn forget(
    database: &SqliteDatabase,
    over_age: Timestamp,
    at_once: u32,
) -> Result<u64, StoreError> {
    let forgotten = sqlx::query(
        "DELETE FROM budgets
         WHERE budget IN (SELECT budget FROM budgets WHERE ends_at <= ?1 ORDER BY ends_at LIMIT ?2)",
    )
    .bind(over_age.millis())
    .bind(at_once)
    .execute(&database.writer)
    .await?;
    Ok(forgotten.rows_affected())
}

async fn uses(connection: &mut SqliteConnection, budget: &Budget) -> Result<Uses, StoreError> {
    let kept: Option<String> = sqlx::query_scalar("SELECT uses FROM budgets WHERE budget = ?1")
        .bind(budget.key())
        .fetch_optional(connection)
        .await?;
    Ok(Uses::decode(&kept.unwrap_or_default()))
}

async fn keep(
    connection: &mut SqliteConnection,
    budget: &Budget,
    uses: &Uses,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO budgets (budget, uses, ends_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (budget) DO UPDATE SET uses = excluded.uses, ends_at = excluded.ends_at",
    )
    .bind(budget.key())
    .bind(uses.encode())
    .bind(budget.ends_at(uses))
    .execute(connection)
    .await?;
    Ok(())
}
