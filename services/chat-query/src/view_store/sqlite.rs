//! Views in a SQLite file (`views.db`), where view, announcements and position are one transaction (decision 9).
//!
//! Each statement gets a whole batch as one JSON array, because a statement costs more than its rows.

mod damages;
mod history;
mod parked;
mod rebuild;
mod rows;

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use colloquy_contracts::{
    CustomerId, RoomId, Seq,
    views::{ChatRoomView, MessageDocument, ReadMarker},
};
use colloquy_event_log::{SqliteOutbox, event_log::embedded::record_position};
use colloquy_sql::{StoreError, sqlite::SqliteDatabase};
use sqlx::{AssertSqlSafe, Row as _, SqliteConnection};
use uuid::Uuid;

pub use self::{damages::damages, history::PAGE as HISTORY_PAGE, parked::count as count_parked};
use super::{
    Extent, Page, RebuildStore, Result, Saved, ViewStore, ViewStoreError, ViewWrite, listed,
};
use crate::{
    parked::{LogPosition, ParkedEvent},
    room_state::RoomState,
};

const TABLES: &str = include_str!("sqlite/tables.sql");
/// Columns that a later release than the first added to its tables: table, name, definition.
const LATER_COLUMNS: [(&str, &str, &str); 5] = [
    ("parked_events", "parked_at", "INTEGER NOT NULL DEFAULT 0"),
    ("parked_events", "tries", "INTEGER NOT NULL DEFAULT 1"),
    ("messages", "client_key", "TEXT"),
    ("messages", "checksum", "INTEGER"),
    ("rooms", "checksum", "INTEGER"),
];
/// The `room_id` of a row of `rooms` that is no room: ids of rooms begin at 1. While it is there, the views are locked by
/// the rebuild whose id is its `state`: no projector folds events into them, because that rebuild is about to replace them
/// (ADR 013). It stands among the rooms so that the load of a batch reads both in one statement, and so that it goes with
/// the table when that is replaced. It has no checksum and no members, and no query asks for it.
const LOCK: RoomId = RoomId(0);

/// Views in the SQLite file whose outbox holds the announcements. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SqliteViewStore {
    announced: SqliteOutbox,
    /// The beginning of the name of each table: empty for the views in use.
    prefix: Arc<str>,
    /// Rooms get versions above this one.
    first_version: i64,
}

impl SqliteViewStore {
    /// Makes the tables if they are missing, in the file of this outbox.
    ///
    /// # Errors
    /// The file cannot be written.
    pub async fn open(announced: SqliteOutbox) -> Result<Self, StoreError> {
        let mut transaction = announced
            .database()
            .writer
            .begin_with("BEGIN IMMEDIATE")
            .await?;
        make_tables(&mut transaction, "").await?;
        add_columns(&mut transaction).await?;
        transaction.commit().await?;
        Ok(Self {
            announced,
            prefix: "".into(),
            first_version: 0,
        })
    }

    fn is_in_use(&self) -> bool {
        self.prefix.is_empty()
    }

    fn database(&self) -> &SqliteDatabase {
        self.announced.database()
    }
}

#[async_trait]
impl ViewStore for SqliteViewStore {
    async fn load_rooms(&self, ids: &[RoomId]) -> Result<HashMap<RoomId, RoomState>> {
        let asked: Vec<RoomId> = ids.iter().copied().chain([LOCK]).collect();
        let rows = sqlx::query(AssertSqlSafe(format!(
            "SELECT room_id, version, state, checksum FROM {}rooms WHERE room_id IN (SELECT value FROM json_each(?1))",
            self.prefix
        )))
        .bind(rows::json(&asked))
        .fetch_all(&self.database().readers)
        .await?;
        rows.iter()
            .map(|row| {
                if row.get::<i64, _>("room_id") == LOCK.0 {
                    return Err(rebuild::locked(row.try_get("state")?));
                }
                rows::room(row).map(|room| (room.room_id, room))
            })
            .collect()
    }

    async fn save(&self, write: &ViewWrite) -> Result<Saved> {
        let mut transaction = self.database().writer.begin_with("BEGIN IMMEDIATE").await?;
        let prefix = &self.prefix;
        save_messages(&mut transaction, prefix, &write.messages).await?;
        save_markers(&mut transaction, prefix, &write.markers).await?;
        let rooms = rows::rooms(&write.rooms, self.first_version);
        save_rooms(&mut transaction, prefix, &rooms, write.rooms.len()).await?;
        parked::save(&mut transaction, prefix, &write.parked).await?;
        if self.is_in_use() {
            SqliteOutbox::record(&mut transaction, &write.announcements).await?;
        }
        if let Some(position) = &write.position {
            record_position(&mut transaction, position.group, position.offset).await?;
        }
        transaction.commit().await?;
        self.announced.committed();
        Ok(Saved::Everything)
    }

    async fn room(&self, room: RoomId) -> Result<Option<ChatRoomView>> {
        let row =
            sqlx::query("SELECT room_id, version, state, checksum FROM rooms WHERE room_id = ?1")
                .bind(room.0)
                .fetch_optional(&self.database().readers)
                .await?;
        let room = row.as_ref().map(rows::room).transpose()?;
        Ok(room.and_then(|room| room.view()))
    }

    async fn rooms_of(&self, customer: CustomerId) -> Result<Vec<ChatRoomView>> {
        let rows = sqlx::query(
            "SELECT rooms.room_id, rooms.version, rooms.state, rooms.checksum FROM members JOIN rooms USING (room_id)
             WHERE members.customer_id = ?1",
        )
        .bind(customer.0)
        .fetch_all(&self.database().readers)
        .await?;
        listed(rows.iter().map(rows::room))
    }

    async fn is_member(&self, room: RoomId, customer: CustomerId) -> Result<bool> {
        let row: Option<i64> =
            sqlx::query_scalar("SELECT 1 FROM members WHERE customer_id = ?1 AND room_id = ?2")
                .bind(customer.0)
                .bind(room.0)
                .fetch_optional(&self.database().readers)
                .await?;
        Ok(row.is_some())
    }

    async fn history(&self, room: RoomId, page: Page) -> Result<Vec<MessageDocument>> {
        history::read(&self.database().readers, room, page).await
    }

    async fn highest_seq(&self, room: RoomId) -> Result<Option<Seq>> {
        let seq = sqlx::query_scalar("SELECT last_seq FROM rooms WHERE room_id = ?1")
            .bind(room.0)
            .fetch_optional(&self.database().readers)
            .await?;
        Ok(seq.flatten().map(Seq))
    }

    async fn markers(&self, room: RoomId) -> Result<Vec<ReadMarker>> {
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

    async fn parked(&self, after: Option<&LogPosition>, limit: u32) -> Result<Vec<ParkedEvent>> {
        parked::list(self.database(), after, limit).await
    }

    async fn count_parked(&self) -> Result<u64> {
        parked::count(self.database()).await
    }

    async fn keep_parked(&self, event: &ParkedEvent) -> Result<()> {
        parked::keep(self.database(), event).await
    }

    async fn forget_parked(&self, position: &LogPosition) -> Result<()> {
        parked::forget(self.database(), position).await
    }

    async fn extent(&self) -> Result<Extent> {
        let prefix = &self.prefix;
        let (rooms, unknown, messages, newest): (i64, i64, i64, i64) =
            sqlx::query_as(AssertSqlSafe(format!(
                "SELECT count(*) FILTER (WHERE state -> '$.created' <> 'null'),
                 count(*) FILTER (WHERE state -> '$.created' = 'null'),
                 (SELECT count(*) FROM {prefix}messages),
                 ifnull(sum(last_seq), 0)
             FROM {prefix}rooms WHERE room_id <> ?1"
            )))
            .bind(LOCK.0)
            .fetch_one(&self.database().readers)
            .await?;
        Ok(Extent::counted(rooms, unknown, messages, newest))
    }

    async fn abandon(&self, rebuild: Uuid) -> Result<()> {
        rebuild::abandon(self.database(), rebuild).await
    }
}

#[async_trait]
impl RebuildStore for SqliteViewStore {
    async fn begin(&self, rebuild: Uuid, first_version: i64) -> Result<Arc<dyn ViewStore>> {
        let prefix = rebuild::begin(self.database(), rebuild).await?;
        Ok(Arc::new(Self {
            announced: self.announced.clone(),
            prefix: prefix.into(),
            first_version,
        }))
    }

    async fn lock(&self, rebuild: Uuid) -> Result<()> {
        rebuild::lock(self.database(), rebuild).await
    }

    async fn replace(&self, rebuild: Uuid) -> Result<()> {
        rebuild::replace(self.database(), rebuild).await
    }
}

/// Makes the tables that are missing, under names that begin with this.
async fn make_tables(connection: &mut SqliteConnection, prefix: &str) -> Result<(), sqlx::Error> {
    let exists = format!("IF NOT EXISTS {prefix}");
    let tables = TABLES.replace("IF NOT EXISTS ", &exists);
    sqlx::raw_sql(AssertSqlSafe(tables))
        .execute(connection)
        .await?;
    Ok(())
}

/// Adds the columns that the tables of earlier releases lack.
async fn add_columns(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    for (table, column, definition) in LATER_COLUMNS {
        let is_there: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2)",
        )
        .bind(table)
        .bind(column)
        .fetch_one(&mut *connection)
        .await?;
        if !is_there {
            let add = format!("ALTER TABLE {table} ADD COLUMN {column} {definition}");
            sqlx::raw_sql(AssertSqlSafe(add))
                .execute(&mut *connection)
                .await?;
        }
    }
    Ok(())
}

async fn save_messages(
    connection: &mut SqliteConnection,
    prefix: &str,
    messages: &[MessageDocument],
) -> Result<()> {
    if messages.is_empty() {
        return Ok(());
    }
    let batch = rows::messages(messages);
    let stored = sqlx::query(AssertSqlSafe(format!(
        "INSERT INTO {prefix}messages
            (message_id, room_id, sender_id, sender_full_name, content, sent_at, seq, client_key, checksum)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
            value ->> 8
         FROM json_each(?1) WHERE true ORDER BY key ON CONFLICT DO NOTHING",
    )))
    .bind(&batch)
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if stored == messages.len() as u64 {
        return Ok(());
    }
    // A message of a release without client keys is the same as its repeat that has one.
    let clashes: Vec<i64> = sqlx::query_scalar(AssertSqlSafe(format!(
        "SELECT new.key FROM json_each(?1) AS new LEFT JOIN {prefix}messages AS stored
            ON stored.message_id = value ->> 0 AND stored.room_id = value ->> 1 AND stored.sender_id = value ->> 2
            AND stored.sender_full_name = value ->> 3 AND stored.content = value ->> 4
            AND stored.sent_at = value ->> 5 AND stored.seq = value ->> 6
            AND (stored.client_key IS NULL OR stored.client_key = value ->> 7)
         WHERE stored.message_id IS NULL ORDER BY new.key",
    )))
    .bind(&batch)
    .fetch_all(connection)
    .await?;
    if clashes.is_empty() {
        return Ok(());
    }
    let indexes = clashes
        .into_iter()
        .filter_map(|index| index.try_into().ok());
    Err(ViewStoreError::Clash(indexes.collect()))
}

async fn save_markers(
    connection: &mut SqliteConnection,
    prefix: &str,
    markers: &[ReadMarker],
) -> Result<()> {
    if markers.is_empty() {
        return Ok(());
    }
    sqlx::query(AssertSqlSafe(format!(
        "INSERT INTO {prefix}read_markers AS stored (room_id, customer_id, last_read_message_id)
         SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1) WHERE true
         ON CONFLICT DO UPDATE
         SET last_read_message_id = max(stored.last_read_message_id, excluded.last_read_message_id)",
    )))
    .bind(rows::markers(markers))
    .execute(connection)
    .await?;
    Ok(())
}

/// A room's members are stored when its beginning is: they never change afterwards.
async fn save_rooms(
    connection: &mut SqliteConnection,
    prefix: &str,
    batch: &str,
    rooms: usize,
) -> Result<()> {
    if rooms == 0 {
        return Ok(());
    }
    sqlx::query(AssertSqlSafe(format!(
        "INSERT INTO {prefix}members (customer_id, room_id)
         SELECT member.value, room.value ->> 0
         FROM json_each(?1) AS room, json_each(room.value, '$[3].created.participants') AS member
         WHERE NOT EXISTS (
             SELECT 1 FROM {prefix}rooms WHERE room_id = room.value ->> 0 AND state -> '$.created' <> 'null')
         ON CONFLICT DO NOTHING",
    )))
    .bind(batch)
    .execute(&mut *connection)
    .await?;
    let stored = sqlx::query(AssertSqlSafe(format!(
        "INSERT INTO {prefix}rooms AS stored (room_id, version, last_seq, state, checksum)
         SELECT value ->> 0, value ->> 1, value ->> 2, value -> 3, value ->> 4 FROM json_each(?1) WHERE true
         ON CONFLICT DO UPDATE SET version = excluded.version, last_seq = excluded.last_seq, state = excluded.state,
            checksum = excluded.checksum
         WHERE stored.version = excluded.version - 1",
    )))
    .bind(batch)
    .execute(connection)
    .await?
    .rows_affected();
    if stored == rooms as u64 {
        Ok(())
    } else {
        Err(ViewStoreError::Conflict)
    }
}

impl From<sqlx::Error> for ViewStoreError {
    fn from(error: sqlx::Error) -> Self {
        match StoreError::from(error) {
            unavailable @ StoreError::Unavailable(_) => Self::Unavailable(unavailable.into()),
            defect @ StoreError::Defect(_) => Self::Defect(defect.into()),
        }
    }
}
