//! Passwords that change, in PostgreSQL.

use colloquy_contracts::{CustomerId, Timestamp};
use colloquy_service_api::session_ending::EndSessions;
use colloquy_sql::StoreError;
use sqlx::PgPool;

use crate::{
    customer_store::{
        ENDING_DUE_MILLIS, ENDINGS, EndingId, PasswordChange,
        row::{EndingRow, reset_from_column},
    },
    domain::Budget,
    password::PasswordHash,
};

pub(super) async fn replace(
    pool: &PgPool,
    change: &PasswordChange,
    now: Timestamp,
) -> Result<Option<(EndingId, EndSessions)>, StoreError> {
    let mut transaction = pool.begin().await?;
    let number: Option<i64> = sqlx::query_scalar(
        "UPDATE customers SET password = $2, session_number = session_number + 1
         WHERE customer_id = $1 AND ($3::text IS NULL OR password = $3) RETURNING session_number",
    )
    .bind(change.customer_id.0)
    .bind(change.new.as_str())
    .bind(change.verified.as_ref().map(PasswordHash::as_str))
    .fetch_optional(&mut *transaction)
    .await?;
    let Some(number) = number else {
        return Ok(None);
    };
    if change.reset.is_some() {
        sqlx::query("DELETE FROM budgets WHERE budget = $1")
            .bind(Budget::guesses_of(change.customer_id).key())
            .execute(&mut *transaction)
            .await?;
    }
    let ending: EndingRow = sqlx::query_as(
        "INSERT INTO session_endings (customer_id, except_session, changed_at, ended_before, reset_name, reset_from)
         VALUES ($1, $2, $3, $4, $5, $6) RETURNING *",
    )
    .bind(change.customer_id.0)
    .bind(change.except.map(|session| session.to_string()))
    .bind(now.millis())
    .bind(number)
    .bind(change.reset.as_ref().map(|reset| &reset.username))
    .bind(reset_from_column(change))
    .fetch_one(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(Some(ending.into_ending()))
}

pub(super) async fn upgrade(
    pool: &PgPool,
    id: CustomerId,
    verified: &PasswordHash,
    better: &PasswordHash,
) -> Result<bool, StoreError> {
    let upgraded =
        sqlx::query("UPDATE customers SET password = $3 WHERE customer_id = $1 AND password = $2")
            .bind(id.0)
            .bind(verified.as_str())
            .bind(better.as_str())
            .execute(pool)
            .await?;
    Ok(upgraded.rows_affected() > 0)
}

pub(super) async fn endings_due(
    pool: &PgPool,
    now: Timestamp,
) -> Result<Vec<(EndingId, EndSessions)>, StoreError> {
    let rows: Vec<EndingRow> = sqlx::query_as(
        "SELECT * FROM session_endings
         WHERE changed_at <= $1 OR changed_at > $2 ORDER BY ending_id LIMIT $3",
    )
    .bind(now.millis() - ENDING_DUE_MILLIS)
    .bind(now.millis())
    .bind(ENDINGS)
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(EndingRow::into_ending).collect())
}

pub(super) async fn forget_ending(pool: &PgPool, id: EndingId) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM session_endings WHERE ending_id = $1")
        .bind(id.0)
        .execute(pool)
        .await?;
    Ok(())
}
