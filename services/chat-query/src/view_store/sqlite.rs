//! Views in a SQLite file (`views.db`), where view, announcements and position are one transaction (decision 9).
//!
//! Each statement takes a whole batch as one JSON array, because a statement costs more than its rows.

mod rows;

use std::collections::HashMap;

use async_trait::async_trait;
use colloquy_contracts::{
    CustomerId, RoomId, Seq,
    views::{ChatRoomView, MessageDocument, ReadMarker},
};
use colloquy_event_log::{SqliteOutbox, event_log::embedded::record_position};
use colloquy_sql::{StoreError, sqlite::SqliteDatabase};
use sqlx::SqliteConnection;

use super::{Page, Saved, ViewStore, ViewStoreError, ViewWrite};
use crate::{parked::ParkedEvent, room_state::RoomState};

const TABLES: &str = include_str!("sqlite/tables.sql");

/// Views in the SQLite file whose outbox holds the announcements. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SqliteViewStore {
    announced: SqliteOutbox,
}

impl SqliteViewStore {
    /// Makes the tables if they are missing, in the file of this outbox.
    ///
    /// # Errors
    /// The file cannot be written.
    pub async fn open(announced: SqliteOutbox) -> Result<Self, StoreError> {
        sqlx::raw_sql(TABLES)
            .execute(&announced.database().writer)
            .await?;
        Ok(Self { announced })
    }

    /// Forgets every view, every parked event and every position, so that the projector starts over: for views that
    /// tell of more than the write side knows (decision 10). Call it before the projector starts.
    ///
    /// # Errors
    /// The file cannot be written; nothing was forgotten.
    pub async fn wipe(&self) -> Result<(), StoreError> {
        let mut transaction = self.database().writer.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::raw_sql(
            "DELETE FROM rooms; DELETE FROM members; DELETE FROM messages; DELETE FROM read_markers;
             DELETE FROM parked_events; DELETE FROM positions;",
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    fn database(&self) -> &SqliteDatabase {
        self.announced.database()
    }
}

#[async_trait]
impl ViewStore for SqliteViewStore {
    /// Nothing is missing in a file that could be opened.
    async fn prepare(&self) -> Result<(), ViewStoreError> {
        Ok(())
    }

    async fn load_rooms(
        &self,
        ids: &[RoomId],
    ) -> Result<HashMap<RoomId, RoomState>, ViewStoreError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let rows: Vec<(i64, String)> = sqlx::query_as(
            "SELECT version, state FROM rooms WHERE room_id IN (SELECT value FROM json_each(?1))",
        )
        .bind(rows::json(&ids))
        .fetch_all(&self.database().readers)
        .await?;
        rows.into_iter()
            .map(|row| rows::room(row).map(|room| (room.room_id, room)))
            .collect()
    }

    async fn save(&self, write: &ViewWrite) -> Result<Saved, ViewStoreError> {
        let mut transaction = self.database().writer.begin_with("BEGIN IMMEDIATE").await?;
        save_messages(&mut transaction, &write.messages).await?;
        save_markers(&mut transaction, &write.markers).await?;
        save_rooms(&mut transaction, &write.rooms).await?;
        save_parked(&mut transaction, &write.parked).await?;
        SqliteOutbox::record(&mut transaction, &write.announcements).await?;
        record_position(
            &mut transaction,
            write.position.group,
            write.position.offset,
        )
        .await?;
        transaction.commit().await?;
        self.announced.committed();
        Ok(Saved::Everything)
    }

    async fn rooms_of(&self, customer: CustomerId) -> Result<Vec<ChatRoomView>, ViewStoreError> {
        let rows: Vec<(i64, String)> = sqlx::query_as(
            "SELECT rooms.version, rooms.state FROM members JOIN rooms USING (room_id)
             WHERE members.customer_id = ?1 ORDER BY rooms.updated_at DESC, rooms.room_id DESC",
        )
        .bind(customer.0)
        .fetch_all(&self.database().readers)
        .await?;
        let views = rows.into_iter().map(|row| Ok(rows::room(row)?.view()));
        views.filter_map(Result::transpose).collect()
    }

    async fn is_member(&self, room: RoomId, customer: CustomerId) -> Result<bool, ViewStoreError> {
        let row: Option<i64> =
            sqlx::query_scalar("SELECT 1 FROM members WHERE customer_id = ?1 AND room_id = ?2")
                .bind(customer.0)
                .bind(room.0)
                .fetch_optional(&self.database().readers)
                .await?;
        Ok(row.is_some())
    }

    async fn history(
        &self,
        room: RoomId,
        page: Page,
    ) -> Result<Vec<MessageDocument>, ViewStoreError> {
        let rows: Vec<rows::Message> = sqlx::query_as(
            "SELECT message_id, room_id, sender_id, sender_full_name, content, sent_at, seq FROM messages
             WHERE room_id = ?1 AND message_id < ?2 AND seq > ?3 ORDER BY message_id DESC LIMIT ?4",
        )
        .bind(room.0)
        .bind(page.before.map_or(i64::MAX, |id| id.0))
        .bind(page.after_seq.map_or(0, |seq| seq.0))
        .bind(page.limit)
        .fetch_all(&self.database().readers)
        .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    async fn highest_seq(&self, room: RoomId) -> Result<Option<Seq>, ViewStoreError> {
        let seq = sqlx::query_scalar("SELECT last_seq FROM rooms WHERE room_id = ?1")
            .bind(room.0)
            .fetch_optional(&self.database().readers)
            .await?;
        Ok(seq.flatten().map(Seq))
    }

    async fn markers(&self, room: RoomId) -> Result<Vec<ReadMarker>, ViewStoreError> {
        let rows: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT customer_id, last_read_message_id FROM read_markers WHERE room_id = ?1 ORDER BY customer_id",
        )
        .bind(room.0)
        .fetch_all(&self.database().readers)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| rows::marker(room, row))
            .collect())
    }

    async fn parked(&self, limit: u32) -> Result<Vec<ParkedEvent>, ViewStoreError> {
        let rows: Vec<rows::Parked> = sqlx::query_as(
            "SELECT topic, \"partition\", \"offset\", key, event_id, payload, reason FROM parked_events
             ORDER BY topic, \"partition\", \"offset\" LIMIT ?1",
        )
        .bind(limit)
        .fetch_all(&self.database().readers)
        .await?;
        rows.into_iter().map(rows::parked).collect()
    }
}

async fn save_messages(
    connection: &mut SqliteConnection,
    messages: &[MessageDocument],
) -> Result<(), ViewStoreError> {
    if messages.is_empty() {
        return Ok(());
    }
    let batch = rows::messages(messages);
    let stored = sqlx::query(
        "INSERT INTO messages (message_id, room_id, sender_id, sender_full_name, content, sent_at, seq)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6
         FROM json_each(?1) WHERE true ORDER BY key ON CONFLICT DO NOTHING",
    )
    .bind(&batch)
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if stored == messages.len() as u64 {
        return Ok(());
    }
    let clashes: Vec<i64> = sqlx::query_scalar(
        "SELECT told.key FROM json_each(?1) AS told LEFT JOIN messages AS stored
            ON stored.message_id = value ->> 0 AND stored.room_id = value ->> 1 AND stored.sender_id = value ->> 2
            AND stored.sender_full_name = value ->> 3 AND stored.content = value ->> 4
            AND stored.sent_at = value ->> 5 AND stored.seq = value ->> 6
         WHERE stored.message_id IS NULL ORDER BY told.key",
    )
    .bind(&batch)
    .fetch_all(connection)
    .await?;
    if clashes.is_empty() {
        return Ok(());
    }
    let places = clashes
        .into_iter()
        .filter_map(|place| place.try_into().ok());
    Err(ViewStoreError::Clash(places.collect()))
}

async fn save_markers(
    connection: &mut SqliteConnection,
    markers: &[ReadMarker],
) -> Result<(), ViewStoreError> {
    if markers.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO read_markers (room_id, customer_id, last_read_message_id)
         SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1) WHERE true
         ON CONFLICT DO UPDATE SET last_read_message_id = max(last_read_message_id, excluded.last_read_message_id)",
    )
    .bind(rows::markers(markers))
    .execute(connection)
    .await?;
    Ok(())
}

/// A room's members are stored when its beginning is: they never change afterwards.
async fn save_rooms(
    connection: &mut SqliteConnection,
    rooms: &[RoomState],
) -> Result<(), ViewStoreError> {
    if rooms.is_empty() {
        return Ok(());
    }
    let batch = rows::rooms(rooms);
    sqlx::query(
        "INSERT INTO members (customer_id, room_id)
         SELECT member.value, room.value ->> 0
         FROM json_each(?1) AS room, json_each(room.value, '$[4].created.participants') AS member
         WHERE NOT EXISTS (SELECT 1 FROM rooms WHERE room_id = room.value ->> 0 AND state -> '$.created' <> 'null')
         ON CONFLICT DO NOTHING",
    )
    .bind(&batch)
    .execute(&mut *connection)
    .await?;
    let stored = sqlx::query(
        "INSERT INTO rooms (room_id, version, updated_at, last_seq, state)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value -> 4 FROM json_each(?1) WHERE true
         ON CONFLICT DO UPDATE SET version = excluded.version, updated_at = excluded.updated_at,
            last_seq = excluded.last_seq, state = excluded.state
         WHERE rooms.version = excluded.version - 1",
    )
    .bind(&batch)
    .execute(connection)
    .await?
    .rows_affected();
    if stored == rooms.len() as u64 {
        Ok(())
    } else {
        Err(ViewStoreError::Conflict)
    }
}

async fn save_parked(
    connection: &mut SqliteConnection,
    parked: &[ParkedEvent],
) -> Result<(), ViewStoreError> {
    // One by one: they are rare, and their payload may be anything, which JSON could not carry.
    for event in parked {
        sqlx::query(
            "INSERT INTO parked_events (topic, \"partition\", \"offset\", key, event_id, payload, reason)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
        )
        .bind(event.topic.name())
        .bind(event.partition)
        .bind(event.offset)
        .bind(&event.key)
        .bind(&event.event_id)
        .bind(event.payload.as_ref())
        .bind(&event.reason)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

impl From<sqlx::Error> for ViewStoreError {
    fn from(error: sqlx::Error) -> Self {
        match StoreError::from(error) {
            unavailable @ StoreError::Unavailable(_) => Self::Unavailable(unavailable.into()),
            defect @ StoreError::Defect(_) => Self::Defect(defect.into()),
        }
    }
}
