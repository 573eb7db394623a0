//! What the disk has damaged since it was written (F38).

use colloquy_chassis::answer::chain;
use colloquy_sql::{StoreError, sqlite::SqliteDatabase};
use sqlx::{AssertSqlSafe, Row as _, sqlite::SqliteRow};

use super::rows;
use crate::view_store::ViewStoreError;

/// Rows that are read at once.
const PAGE: i64 = 1_000;

/// A line for each damaged message or room, and for each room with a gap.
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
        // The loop would never end over a damaged page.
        if last <= position {
            damages.push(format!("{table} behind {position} are not in order"));
            return Ok(damages);
        }
        position = last;
        damages.extend(rows.iter().filter_map(&error).map(|error| chain(&error)));
    }
}
