//! Locks and loads what a batch names, in the lock order, inside its transaction.

use std::{
    collections::{HashMap, HashSet},
    vec,
};

use colloquy_contracts::{CustomerId, MessageId, RoomId};
use sqlx::PgConnection;

use super::{
    super::plan::{BatchState, IdempotencyRecord, KeyScope, Last, LockSet},
    write::column,
};

type Drawn = vec::IntoIter<i64>;

/// All that the batch names, under its locks, and ids drawn after them.
pub(super) async fn batch_state(
    connection: &mut PgConnection,
    locks: &LockSet,
) -> Result<(BatchState, Drawn), sqlx::Error> {
    let state = BatchState {
        keys: keys(connection, locks).await?,
        rooms: rooms(connection, locks).await?,
        members: members(connection, locks).await?,
        messages: messages(connection, locks).await?,
    };
    let ids = ids(connection, locks).await?;
    Ok((state, ids))
}

/// Claims every key by a row of this transaction. Here a key is waited for that another transaction has claimed.
async fn keys(
    connection: &mut PgConnection,
    locks: &LockSet,
) -> Result<HashMap<KeyScope, IdempotencyRecord>, sqlx::Error> {
    if locks.keys.is_empty() {
        return Ok(HashMap::new());
    }
    let customers = column(&locks.keys, |scope| scope.customer.0);
    let routes = column(&locks.keys, |scope| scope.route);
    let keys = column(&locks.keys, |scope| scope.key.as_str());
    let claimed = sqlx::query(
        "INSERT INTO idempotency (customer_id, route, key, used_at)
         SELECT customer_id, route, key, now()
         FROM unnest($1::bigint[], $2::text[], $3::text[]) AS claimed (customer_id, route, key)
         ON CONFLICT DO NOTHING",
    )
    .bind(&customers)
    .bind(&routes)
    .bind(&keys)
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if usize::try_from(claimed) == Ok(locks.keys.len()) {
        return Ok(HashMap::new());
    }
    let rows: Vec<(i64, String, String, i64)> = sqlx::query_as(
        "SELECT asked.place - 1, i.fingerprint, i.recorded, (extract(epoch FROM i.used_at) * 1000)::bigint
         FROM unnest($1::bigint[], $2::text[], $3::text[])
              WITH ORDINALITY AS asked (customer_id, route, key, place)
         JOIN idempotency AS i USING (customer_id, route, key)
         WHERE i.recorded IS NOT NULL",
    )
    .bind(&customers)
    .bind(&routes)
    .bind(&keys)
    .fetch_all(connection)
    .await?;
    locks.records(rows)
}

/// Locks the rooms: from here on no other transaction takes a seq or moves a marker in them.
async fn rooms(
    connection: &mut PgConnection,
    locks: &LockSet,
) -> Result<HashMap<RoomId, Last>, sqlx::Error> {
    let rooms = locks.rooms();
    if rooms.is_empty() {
        return Ok(HashMap::new());
    }
    // Of a room without a message since the column was added, no other transaction knows more either.
    let rows: Vec<(i64, i64, Option<i64>)> = sqlx::query_as(
        "SELECT room_id, last_seq, (extract(epoch FROM coalesce(last_sent_at, (
                    SELECT sent_at FROM messages AS m WHERE m.room_id = r.room_id AND m.seq = r.last_seq))) * 1000)::bigint
         FROM rooms AS r WHERE room_id = ANY ($1) ORDER BY room_id FOR UPDATE OF r",
    )
    .bind(rooms)
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Last::from_columns).collect())
}

async fn members(
    connection: &mut PgConnection,
    locks: &LockSet,
) -> Result<HashMap<(RoomId, CustomerId), Option<MessageId>>, sqlx::Error> {
    if locks.members.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(i64, i64, Option<i64>)> = sqlx::query_as(
        "SELECT p.room_id, p.customer_id, p.last_read_message_id
         FROM unnest($1::bigint[], $2::bigint[]) AS asked (room_id, customer_id)
         JOIN room_participants AS p USING (room_id, customer_id)",
    )
    .bind(column(&locks.members, |(room, _)| room.0))
    .bind(column(&locks.members, |(_, customer)| customer.0))
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
    connection: &mut PgConnection,
    locks: &LockSet,
) -> Result<HashSet<(RoomId, MessageId)>, sqlx::Error> {
    if locks.marked.is_empty() {
        return Ok(HashSet::new());
    }
    let rows: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT m.room_id, m.message_id
         FROM unnest($1::bigint[], $2::bigint[]) AS asked (room_id, message_id)
         JOIN messages AS m USING (room_id, message_id)",
    )
    .bind(column(&locks.marked, |(room, _)| room.0))
    .bind(column(&locks.marked, |(_, message)| message.0))
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(room, message)| (RoomId(room), MessageId(message)))
        .collect())
}

/// Draws ids now, under the rooms' locks: a later transaction draws higher ones in each of these rooms.
async fn ids(connection: &mut PgConnection, locks: &LockSet) -> Result<Drawn, sqlx::Error> {
    if locks.new == 0 {
        return Ok(Vec::new().into_iter());
    }
    let ids: Vec<i64> =
        sqlx::query_scalar("SELECT ARRAY (SELECT nextval('ids') FROM generate_series(1, $1))")
            .bind(i64::try_from(locks.new).unwrap_or(i64::MAX))
            .fetch_one(connection)
            .await?;
    Ok(ids.into_iter())
}
