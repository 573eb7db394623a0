//! Events that are set aside, one statement each: they are rare, and their payload may be anything, which JSON could not
//! carry.

use colloquy_sql::sqlite::SqliteDatabase;
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::rows;
use crate::{
    parked::{LogPosition, ParkedEvent},
    view_store::ViewStoreError,
};

const COLUMNS: &str =
    r#"topic, "partition", "offset", key, event_id, payload, reason, parked_at, tries"#;
const AT: &str = r#"topic = ?1 AND "partition" = ?2 AND "offset" = ?3"#;

pub async fn save(
    connection: &mut SqliteConnection,
    prefix: &str,
    parked: &[ParkedEvent],
) -> Result<(), ViewStoreError> {
    for event in parked {
        sqlx::query(AssertSqlSafe(format!(
            "INSERT INTO {prefix}parked_events ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT DO NOTHING"
        )))
        .bind(event.position.topic.name())
        .bind(event.position.partition)
        .bind(event.position.offset)
        .bind(&event.key)
        .bind(&event.event_id)
        .bind(event.payload.as_ref())
        .bind(&event.reason)
        .bind(event.parked_at.millis())
        .bind(event.tries)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

pub async fn list(
    database: &SqliteDatabase,
    after: Option<&LogPosition>,
    limit: u32,
) -> Result<Vec<ParkedEvent>, ViewStoreError> {
    let rows: Vec<rows::Parked> = sqlx::query_as(AssertSqlSafe(format!(
        r#"SELECT {COLUMNS} FROM parked_events WHERE (topic, "partition", "offset") > (?1, ?2, ?3)
           ORDER BY topic, "partition", "offset" LIMIT ?4"#
    )))
    .bind(after.map_or("", |position| position.topic.name()))
    .bind(after.map_or(0, |position| position.partition))
    .bind(after.map_or(0, |position| position.offset))
    .bind(limit)
    .fetch_all(&database.readers)
    .await?;
    rows.into_iter().map(rows::parked).collect()
}

pub async fn find(
    database: &SqliteDatabase,
    position: &LogPosition,
) -> Result<Option<ParkedEvent>, ViewStoreError> {
    let row: Option<rows::Parked> = sqlx::query_as(AssertSqlSafe(format!(
        "SELECT {COLUMNS} FROM parked_events WHERE {AT}"
    )))
    .bind(position.topic.name())
    .bind(position.partition)
    .bind(position.offset)
    .fetch_optional(&database.readers)
    .await?;
    row.map(rows::parked).transpose()
}

pub async fn keep(database: &SqliteDatabase, event: &ParkedEvent) -> Result<(), ViewStoreError> {
    sqlx::query(AssertSqlSafe(format!(
        "UPDATE parked_events SET reason = ?4, tries = ?5 WHERE {AT}"
    )))
    .bind(event.position.topic.name())
    .bind(event.position.partition)
    .bind(event.position.offset)
    .bind(&event.reason)
    .bind(event.tries)
    .execute(&database.writer)
    .await?;
    Ok(())
}

pub async fn forget(
    database: &SqliteDatabase,
    position: &LogPosition,
) -> Result<(), ViewStoreError> {
    sqlx::query(AssertSqlSafe(format!(
        "DELETE FROM parked_events WHERE {AT}"
    )))
    .bind(position.topic.name())
    .bind(position.partition)
    .bind(position.offset)
    .execute(&database.writer)
    .await?;
    Ok(())
}

/// Files made before a parked event knew when and how often lack the columns.
pub async fn add_columns(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let known: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM pragma_table_info('parked_events') WHERE name = 'tries')",
    )
    .fetch_one(&mut *connection)
    .await?;
    if !known {
        sqlx::raw_sql(
            "ALTER TABLE parked_events ADD COLUMN parked_at INTEGER NOT NULL DEFAULT 0;
             ALTER TABLE parked_events ADD COLUMN tries INTEGER NOT NULL DEFAULT 1;",
        )
        .execute(connection)
        .await?;
    }
    Ok(())
}
