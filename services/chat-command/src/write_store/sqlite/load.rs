//! Loads what a batch names, inside its transaction.

use std::{
    collections::{HashMap, HashSet},
    ops::RangeFrom,
};

use colloquy_contracts::{CustomerId, MessageId, RoomId};
use sqlx::{Row as _, SqliteConnection};

use super::{
    super::plan::{BatchState, IdempotencyRecord, KeyScope, Last, LockSet},
    damages::is_whole,
};

/// All that the batch names, and the next ids.
pub(super) async fn batch_state(
    connection: &mut SqliteConnection,
    locks: &LockSet,
) -> Result<(BatchState, RangeFrom<i64>), sqlx::Error> {
    let state = BatchState {
        keys: keys(connection, locks).await?,
        rooms: rooms(connection, locks).await?,
        members: members(connection, locks).await?,
        messages: messages(connection, locks).await?,
    };
    let last: i64 = sqlx::query_scalar(
        "SELECT max((SELECT ifnull(max(room_id), 0) FROM rooms), (SELECT ifnull(max(message_id), 0) FROM messages))",
    )
    .fetch_one(connection)
    .await?;
    Ok((state, last + 1..))
}

async fn keys(
    connection: &mut SqliteConnection,
    locks: &LockSet,
) -> Result<HashMap<KeyScope, IdempotencyRecord>, sqlx::Error> {
    if locks.keys.is_empty() {
        return Ok(HashMap::new());
    }
    let keys = locks.keys.iter();
    let asked = json(keys.map(|scope| (scope.customer.0, scope.route, &scope.key)));
    let rows: Vec<(i64, String, String, i64)> = sqlx::query_as(
        "SELECT asked.key, i.fingerprint, i.recorded, i.used_at FROM json_each(?1) AS asked
         CROSS JOIN idempotency AS i
         ON i.customer_id = asked.value ->> 0 AND i.route = asked.value ->> 1 AND i.key = asked.value ->> 2",
    )
    .bind(asked)
    .fetch_all(connection)
    .await?;
    locks.records(rows)
}

async fn rooms(
    connection: &mut SqliteConnection,
    locks: &LockSet,
) -> Result<HashMap<RoomId, Last>, sqlx::Error> {
    let asked = locks.rooms();
    if asked.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query(
        "SELECT r.room_id, r.last_seq, m.message_id, m.seq, m.customer_id, m.sender_full_name, m.content, m.sent_at,
            m.checksum, (SELECT ifnull(max(seq), 0) FROM messages WHERE room_id = r.room_id) AS highest
         FROM rooms AS r
         LEFT JOIN messages AS m ON m.room_id = r.room_id AND m.seq = r.last_seq
         WHERE r.room_id IN (SELECT value FROM json_each(?1))",
    )
    .bind(json(asked))
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let [room, last_seq]: [i64; 2] = [row.try_get("room_id")?, row.try_get("last_seq")?];
            let highest: i64 = row.try_get("highest")?;
            if last_seq != highest || !is_whole(row) {
                let damaged =
                    format!("room {room} is damaged: last seq {last_seq}, last message {highest}");
                return Err(sqlx::Error::Decode(damaged.into()));
            }
            Ok(Last::from_columns((
                room,
                last_seq,
                row.try_get("sent_at")?,
            )))
        })
        .collect()
}

async fn members(
    connection: &mut SqliteConnection,
    locks: &LockSet,
) -> Result<HashMap<(RoomId, CustomerId), Option<MessageId>>, sqlx::Error> {
    if locks.members.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(i64, i64, Option<i64>)> = sqlx::query_as(
        "SELECT p.room_id, p.customer_id, p.last_read_message_id FROM json_each(?1) AS asked
         CROSS JOIN room_participants AS p
         ON p.room_id = asked.value ->> 0 AND p.customer_id = asked.value ->> 1",
    )
    .bind(json(&locks.members))
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(room, customer, marker)| {
            ((RoomId(room), CustomerId(customer)), marker.map(MessageId))
        })
        .collect())
}

async fn messages(
    connection: &mut SqliteConnection,
    locks: &LockSet,
) -> Result<HashSet<(RoomId, MessageId)>, sqlx::Error> {
    if locks.marked.is_empty() {
        return Ok(HashSet::new());
    }
    let rows: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT m.room_id, m.message_id FROM json_each(?1) AS asked
         CROSS JOIN messages AS m
         ON m.message_id = asked.value ->> 1 AND m.room_id = asked.value ->> 0",
    )
    .bind(json(&locks.marked))
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(room, message)| (RoomId(room), MessageId(message)))
        .collect())
}

/// Rows as the JSON array that `json_each` takes apart again.
pub(super) fn json<T: serde::Serialize>(rows: impl IntoIterator<Item = T>) -> String {
    let rows: Vec<T> = rows.into_iter().collect();
    serde_json::to_string(&rows).expect("rows hold only strings and numbers")
}
