//! Locks and loads what a batch names, inside its transaction, in one question: `batch_state` of the migrations.

use std::vec;

use serde::de::DeserializeOwned;
use sqlx::PgConnection;

use super::{
    super::plan::{BatchState, Last, LockSet, json_rows, members_from_rows, messages_from_rows},
    write::column,
};

const BATCH_STATE: &str = "SELECT used_keys, locked_rooms, found_members, found_messages, drawn_ids
     FROM batch_state($1, $2, $3, $4, $5, $6, $7, $8, $9)";

type Row = (
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Vec<i64>,
);

/// All that the batch names, under its locks, and ids drawn after them.
pub(super) async fn batch_state(
    connection: &mut PgConnection,
    locks: &LockSet,
) -> Result<(BatchState, vec::IntoIter<i64>), sqlx::Error> {
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
    let state = BatchState {
        keys: locks.records(rows(keys)?)?,
        rooms: rows(rooms)?.into_iter().map(Last::from_columns).collect(),
        members: members_from_rows(rows(members)?),
        messages: messages_from_rows(rows(messages)?),
    };
    Ok((state, ids.into_iter()))
}

fn rows<R: DeserializeOwned>(array: Option<String>) -> Result<Vec<R>, sqlx::Error> {
    array.as_deref().map_or(Ok(Vec::new()), json_rows)
}
