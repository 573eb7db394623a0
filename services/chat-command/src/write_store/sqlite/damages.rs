//! Finds rows that the disk has damaged since they were written (fault F38). SQLite itself notices damage to its structure,
//! but not a letter that has become another.

use colloquy_contracts::events::ChatMessageSent;
use colloquy_sql::{StoreError, checksum, sqlite::SqliteDatabase};
use sqlx::{Row as _, sqlite::SqliteRow};

/// Rows of one page of the scan.
const PAGE: i64 = 1_000;

/// The checksum that is kept beside a message.
pub(super) fn checksum_of(message: &ChatMessageSent) -> i64 {
    fields_checksum(
        [
            message.message_id.0,
            message.room_id.0,
            message.seq.0,
            message.sender_id.0,
            message.sent_at.millis(),
        ],
        message.sender_full_name.as_bytes(),
        message.content.as_bytes(),
    )
}

fn fields_checksum(numbers: [i64; 5], name: &[u8], content: &[u8]) -> i64 {
    let [message, room, seq, sender, sent_at] = numbers.map(i64::to_be_bytes);
    checksum(&[&message, &room, &seq, &sender, name, content, &sent_at])
}

/// What is wrong in the tables beside the outbox, a line for each; also with a file that no service has opened yet.
///
/// # Errors
/// The file cannot be read, or not to its end.
pub async fn damages(database: &SqliteDatabase) -> Result<Vec<String>, StoreError> {
    let mut damages = messages(database).await?;
    let gaps: Vec<(i64, i64, i64, i64)> = sqlx::query_as(
        "SELECT room_id, last_seq, count(seq), ifnull(max(seq), 0) AS highest
         FROM rooms LEFT JOIN messages USING (room_id)
         GROUP BY room_id HAVING count(seq) <> last_seq OR highest <> last_seq",
    )
    .fetch_all(&database.readers)
    .await?;
    damages.extend(gaps.into_iter().map(|(room, last, count, highest)| {
        format!("room {room} has {count} messages up to seq {highest}, and its last seq is {last}")
    }));
    let (messages, events): (i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM messages),
            (SELECT count(*) FROM outbox WHERE topic = 'chat-message-sent')",
    )
    .fetch_one(&database.readers)
    .await?;
    if messages != events {
        damages.push(format!(
            "there are {messages} messages, and {events} events of messages"
        ));
    }
    Ok(damages)
}

async fn messages(database: &SqliteDatabase) -> Result<Vec<String>, StoreError> {
    let (mut damages, mut position) = (Vec::new(), 0);
    loop {
        let rows = sqlx::query(
            "SELECT * FROM messages WHERE message_id > ?1 ORDER BY message_id LIMIT ?2",
        )
        .bind(position)
        .bind(PAGE)
        .fetch_all(&database.readers)
        .await?;
        let Some(last) = rows.last() else {
            return Ok(damages);
        };
        let last: i64 = last.get("message_id");
        // A damaged page would be read for ever.
        if last <= position {
            damages.push(format!("messages behind {position} are not in order"));
            return Ok(damages);
        }
        position = last;
        damages.extend(rows.iter().filter(|row| !is_whole(row)).map(|row| {
            let number = |column| row.try_get(column).unwrap_or(0_i64);
            let [message, room, seq] = ["message_id", "room_id", "seq"].map(number);
            format!("message {message} of room {room} (seq {seq}) is damaged")
        }));
    }
}

/// Whether the row is as it was written, as far as that is known.
pub(super) fn is_whole(row: &SqliteRow) -> bool {
    let computed = || -> Result<i64, sqlx::Error> {
        let numbers = ["message_id", "room_id", "seq", "customer_id", "sent_at"];
        let mut values = [0; 5];
        for (value, column) in values.iter_mut().zip(numbers) {
            *value = row.try_get(column)?;
        }
        let name: &[u8] = row.try_get("sender_full_name")?;
        Ok(fields_checksum(values, name, row.try_get("content")?))
    };
    match row.try_get::<Option<i64>, _>("checksum") {
        Ok(Some(written)) => computed().is_ok_and(|computed| computed == written),
        Ok(None) | Err(sqlx::Error::ColumnNotFound(_)) => true,
        Err(_) => false,
    }
}
