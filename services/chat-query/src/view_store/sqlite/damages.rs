//! What the disk has made of the views since they were written (F38).

use colloquy_chassis::answer::chain;
use colloquy_sql::{StoreError, sqlite::SqliteDatabase};
use sqlx::{AssertSqlSafe, Row as _, SqliteConnection, sqlite::SqliteRow};

use super::rows;
use crate::view_store::ViewStoreError;

/// Rows that are looked at at once.
const PAGE: i64 = 1_000;

/// What is wrong with messages and rooms, a line for each.
///
/// # Errors
/// The file cannot be read, or not to its end.
pub async fn damages(database: &SqliteDatabase) -> Result<Vec<String>, StoreError> {
    let messages = damaged(database, "messages", "message_id", |row| {
        rows::message(row).err()
    });
    let rooms = damaged(database, "rooms", "room_id", |row| rows::room(row).err());
    let mut damages = [messages.await?, rooms.await?].concat();
    let gaps: Vec<(i64, i64, i64)> = sqlx::query_as(
        "SELECT room_id, count(*), max(seq) FROM messages GROUP BY room_id HAVING count(*) <> max(seq)",
    )
    .fetch_all(&database.readers)
    .await?;
    damages.extend(gaps.into_iter().map(|(room, count, last)| {
        format!(
            "room {room} has {count} messages up to seq {last}; `colloquy parked list` may say why"
        )
    }));
    Ok(damages)
}

/// The rows of a table, above the id 0, that cannot be read as they were written.
async fn damaged(
    database: &SqliteDatabase,
    table: &str,
    id: &str,
    error: impl Fn(&SqliteRow) -> Option<ViewStoreError>,
) -> Result<Vec<String>, StoreError> {
    let page = format!("SELECT * FROM {table} WHERE {id} > ?1 ORDER BY {id} LIMIT {PAGE}");
    let (mut damages, mut position) = (Vec::new(), 0_i64);
    loop {
        let rows = sqlx::query(AssertSqlSafe(page.clone()))
            .bind(position)
            .fetch_all(&database.readers)
            .await?;
        let Some(last) = rows.last() else {
            return Ok(damages);
        };
        let last: i64 = last.get(id);
        // A damaged page would be read for ever.
        if last <= position {
            damages.push(format!("{table} behind {position} are not in order"));
            return Ok(damages);
        }
        position = last;
        damages.extend(rows.iter().filter_map(&error).map(|error| chain(&error)));
    }
}

/// Files made before rows had a checksum lack the columns.
pub async fn add_columns(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    for table in ["rooms", "messages"] {
        let known: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM pragma_table_info(?1) WHERE name = 'checksum')",
        )
        .bind(table)
        .fetch_one(&mut *connection)
        .await?;
        if !known {
            let add = format!("ALTER TABLE {table} ADD COLUMN checksum INTEGER");
            sqlx::raw_sql(AssertSqlSafe(add))
                .execute(&mut *connection)
                .await?;
        }
    }
    Ok(())
}
