//! Views beside those in use: tables of the same shape, whose names say which rebuild they belong to.
//!
//! Another process than the one that serves may rebuild, so each step is a transaction of the file.

use colloquy_sql::sqlite::SqliteDatabase;
use sqlx::{AssertSqlSafe, SqliteConnection};
use uuid::Uuid;

use super::{LOCK, make_tables};
use crate::view_store::{Overtaken, Result, ViewStoreError};

const TABLES: [&str; 5] = [
    "rooms",
    "members",
    "messages",
    "read_markers",
    "parked_events",
];
const BEGIN: &str = "BEGIN IMMEDIATE";

/// Makes the tables, and drops those of earlier rebuilds. Answers the beginning of their names.
pub async fn begin(database: &SqliteDatabase, rebuild: Uuid) -> Result<String> {
    let mut transaction = database.writer.begin_with(BEGIN).await?;
    if let Some(state) = lock_owner(&mut transaction).await? {
        return Err(locked(&state));
    }
    drop_tables(&mut transaction, "next").await?;
    let prefix = prefix(rebuild);
    make_tables(&mut transaction, &prefix).await?;
    transaction.commit().await?;
    Ok(prefix)
}

/// Inserts the row that locks the views in use, unless a later rebuild has removed the tables of this one.
pub async fn lock(database: &SqliteDatabase, rebuild: Uuid) -> Result<()> {
    let mut transaction = database.writer.begin_with(BEGIN).await?;
    let has_views: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1)",
    )
    .bind(format!("{}rooms", prefix(rebuild)))
    .fetch_one(&mut *transaction)
    .await?;
    if !has_views {
        return Err(Overtaken.into());
    }
    match lock_owner(&mut transaction).await? {
        Some(owner) if owner == rebuild.to_string() => return Ok(()),
        Some(_) => return Err(Overtaken.into()),
        None => {}
    }
    sqlx::query("INSERT INTO rooms (room_id, version, state) VALUES (?1, 0, ?2)")
        .bind(LOCK.0)
        .bind(rebuild.to_string())
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(())
}

/// One transaction: a reader sees the old views or the new ones. The lock goes with the table it is in.
pub async fn replace(database: &SqliteDatabase, rebuild: Uuid) -> Result<()> {
    let mut transaction = database.writer.begin_with(BEGIN).await?;
    if lock_owner(&mut transaction).await? != Some(rebuild.to_string()) {
        return Err(Overtaken.into());
    }
    let prefix = prefix(rebuild);
    for table in TABLES {
        sqlx::raw_sql(AssertSqlSafe(format!(
            "DROP TABLE {table}; ALTER TABLE {prefix}{table} RENAME TO {table};"
        )))
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await?;
    Ok(())
}

pub async fn abandon(database: &SqliteDatabase, rebuild: Uuid) -> Result<()> {
    let mut transaction = database.writer.begin_with(BEGIN).await?;
    sqlx::query("DELETE FROM rooms WHERE room_id = ?1 AND state = ?2")
        .bind(LOCK.0)
        .bind(rebuild.to_string())
        .execute(&mut *transaction)
        .await?;
    drop_tables(&mut transaction, &prefix(rebuild)).await?;
    transaction.commit().await?;
    Ok(())
}

/// The error that the row of the lock means to a projector.
pub fn locked(state: &str) -> ViewStoreError {
    match state.parse() {
        Ok(rebuild) => ViewStoreError::Locked(rebuild),
        Err(error) => ViewStoreError::Defect(Box::new(error)),
    }
}

async fn lock_owner(connection: &mut SqliteConnection) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar("SELECT state FROM rooms WHERE room_id = ?1")
        .bind(LOCK.0)
        .fetch_optional(connection)
        .await
}

async fn drop_tables(
    connection: &mut SqliteConnection,
    name_begins_with: &str,
) -> Result<(), sqlx::Error> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB ?1 || '*'",
    )
    .bind(name_begins_with)
    .fetch_all(&mut *connection)
    .await?;
    for table in tables {
        sqlx::raw_sql(AssertSqlSafe(format!("DROP TABLE {table}")))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

fn prefix(rebuild: Uuid) -> String {
    format!("next_{}_", rebuild.simple())
}
