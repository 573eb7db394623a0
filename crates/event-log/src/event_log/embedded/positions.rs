//! The position of each group: the id of the last record whose effect is stored. A group without a row is at 0, before all
//! ids.

use colloquy_sql::{StoreError, sqlite::SqliteDatabase};
use sqlx::SqliteConnection;

/// Records, within the transaction that stores the effect of records, that `group` has read up to the record with id
/// `last_offset`. A position never goes back. A later [`commit`](crate::GroupReader::commit) finds it and writes
/// nothing.
///
/// # Errors
/// The store is unavailable; the transaction must be rolled back.
pub async fn record_position(
    connection: &mut SqliteConnection,
    group: &str,
    last_offset: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO positions (consumer_group, position) VALUES (?1, ?2)
         ON CONFLICT (consumer_group) DO UPDATE SET position = max(position, excluded.position)",
    )
    .bind(group)
    .bind(last_offset)
    .execute(connection)
    .await?;
    Ok(())
}

/// The position of a group; 0 if it has none.
pub(super) async fn read(database: &SqliteDatabase, group: &str) -> Result<i64, StoreError> {
    let position = sqlx::query_scalar("SELECT position FROM positions WHERE consumer_group = ?1")
        .bind(group)
        .fetch_optional(&database.readers)
        .await?;
    Ok(position.unwrap_or(0))
}

/// Moves the position of a group forward, unless it is already there.
pub(super) async fn advance(
    database: &SqliteDatabase,
    group: &str,
    last_offset: i64,
) -> Result<(), StoreError> {
    if read(database, group).await? >= last_offset {
        return Ok(());
    }
    let mut writer = database.writer.acquire().await?;
    record_position(&mut writer, group, last_offset).await?;
    Ok(())
}

/// Moves a group back to the beginning.
pub(super) async fn forget(database: &SqliteDatabase, group: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM positions WHERE consumer_group = ?1")
        .bind(group)
        .execute(&database.writer)
        .await?;
    Ok(())
}
