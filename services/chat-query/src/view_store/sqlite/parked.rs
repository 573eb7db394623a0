//! Parked events, one statement each: they are rare, and JSON could not carry their payload, which may be any bytes.

use colloquy_sql::sqlite::SqliteDatabase;
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::rows;
use crate::{
    parked::{LogPosition, ParkedEvent},
    view_store::Result,
};

const COLUMNS: &str =
    r#"topic, "partition", "offset", key, event_id, payload, reason, parked_at, tries"#;
const AT: &str = r#"topic = ?1 AND "partition" = ?2 AND "offset" = ?3"#;

pub async fn save(
    connection: &mut SqliteConnection,
    prefix: &str,
    parked: &[ParkedEvent],
) -> Result<()> {
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
) -> Result<Vec<ParkedEvent>> {
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

/// How many there are, by a file as it is: also one of another release.
///
/// # Errors
/// The file cannot be read.
pub async fn count(database: &SqliteDatabase) -> Result<u64> {
    let counted: i64 = sqlx::query_scalar("SELECT count(*) FROM parked_events")
        .fetch_one(&database.readers)
        .await?;
    Ok(u64::try_from(counted).unwrap_or(0))
}

pub async fn keep(database: &SqliteDatabase, event: &ParkedEvent) -> Result<()> {
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

pub async fn forget(database: &SqliteDatabase, position: &LogPosition) -> Result<()> {
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
