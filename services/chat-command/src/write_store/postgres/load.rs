//! Locks and loads what a batch names, inside its transaction, in one question: `batch_state` of the migrations.

use std::vec;

use sqlx::PgConnection;

use super::{
    super::plan::{BatchState, Last, LockSet, json_rows, members_from_rows, messages_from_rows},
    write::column,
};

const BATCH_STATE: &str = "
    SELECT coalesce(used_keys, '[]')::text, coalesce(locked_rooms, '[]')::text, coalesce(found_members, '[]')::text,
        coalesce(found_messages, '[]')::text, drawn_ids
    FROM batch_state($1, $2, $3, $4, $5, $6, $7, $8, $9)";

/// All that the batch names, under its locks, and ids drawn after them.
pub(super) async fn batch_state(
    connection: &mut PgConnection,
    locks: &LockSet,
) -> Result<(BatchState, vec::IntoIter<i64>), sqlx::Error> {
    type Row = (String, String, String, String, Vec<i64>);
    let (keys, rooms, members, messages, ids): Row = sqlx::query_as(BATCH_STATE)
        .bind(column(&locks.keys, |scope| scope.customer.0))
        .bind(column(&locks.keys, |scope| scope.route))
        .bind(column(&locks.keys, |scope| scope.key.as_str()))
        .bind(locks.rooms())
        .bind(column(&locks.members, |(room, _)| room.0))
        .bind(column(&locks.members, |(_, customer)| customer.0))
        .bind(column(&locks.marked, |(room, _)| room.0))
        .bind(column(&locks.marked, |(_, message)| message.0))
        .bind(i64::try_from(locks.new).unwrap_or(i64::MAX))
        .fetch_one(connection)
        .await?;
    let rooms = json_rows(&rooms)?.into_iter();
    let state = BatchState {
        keys: locks.records(json_rows(&keys)?)?,
        rooms: rooms.map(Last::from_columns).collect(),
        members: members_from_rows(json_rows(&members)?),
        messages: messages_from_rows(json_rows(&messages)?),
    };
    Ok((state, ids.into_iter()))
}
