//! Loads what a batch names, inside its transaction.

use std::{collections::HashMap, ops::RangeFrom};

use colloquy_contracts::RoomId;
use sqlx::{Row as _, SqliteConnection};

use super::{
    super::plan::{BatchState, Last, LockSet, json_rows, members_from_rows, messages_from_rows},
    damages::is_whole,
};

/// All but the rooms, as JSON arrays of rows: each question costs two changes of threads.
const STATE: &str = "
    SELECT
        (SELECT json_group_array(json_array(asked.key, i.fingerprint, i.recorded, i.used_at))
         FROM json_each(?1) AS asked CROSS JOIN idempotency AS i
         ON i.customer_id = asked.value ->> 0 AND i.route = asked.value ->> 1 AND i.key = asked.value ->> 2),
        (SELECT json_group_array(json_array(p.room_id, p.customer_id, p.last_read_message_id))
         FROM json_each(?2) AS asked CROSS JOIN room_participants AS p
         ON p.room_id = asked.value ->> 0 AND p.customer_id = asked.value ->> 1),
        (SELECT json_group_array(json_array(m.room_id, m.message_id))
         FROM json_each(?3) AS asked CROSS JOIN messages AS m
         ON m.message_id = asked.value ->> 1 AND m.room_id = asked.value ->> 0),
        max((SELECT ifnull(max(room_id), 0) FROM rooms), (SELECT ifnull(max(message_id), 0) FROM messages))";

/// All that the batch names, and the next ids.
pub(super) async fn batch_state(
    connection: &mut SqliteConnection,
    locks: &LockSet,
) -> Result<(BatchState, RangeFrom<i64>), sqlx::Error> {
    let keys = locks.keys.iter();
    let (keys, members, messages, last): (String, String, String, i64) = sqlx::query_as(STATE)
        .bind(json(
            keys.map(|scope| (scope.customer.0, scope.route, &scope.key)),
        ))
        .bind(json(&locks.members))
        .bind(json(&locks.marked))
        .fetch_one(&mut *connection)
        .await?;
    let state = BatchState {
        keys: locks.records(json_rows(&keys)?)?,
        rooms: rooms(connection, locks).await?,
        members: members_from_rows(json_rows(&members)?),
        messages: messages_from_rows(json_rows(&messages)?),
    };
    Ok((state, last + 1..))
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

/// Rows as the JSON array that `json_each` takes apart again.
pub(super) fn json<T: serde::Serialize>(rows: impl IntoIterator<Item = T>) -> String {
    let rows: Vec<T> = rows.into_iter().collect();
    serde_json::to_string(&rows).expect("rows hold only strings and numbers")
}
