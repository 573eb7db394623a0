//! An append-only table of events inside the database file of their writer.

use std::{sync::Arc, time::Duration};

use colloquy_contracts::Timestamp;
use colloquy_sql::{StoreError, sqlite::SqliteDatabase};
use sqlx::{AssertSqlSafe, SqliteConnection};
use tokio::sync::watch;

use super::stored::{self, Fields};
use crate::event_log::{EventLogError, NewEvent, Record};

/// Readers that missed the notification of a commit notice it within this time.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Rows of one page of a scan.
const PAGE: usize = 1_000;
/// Rows that one statement of a sweep removes, so that writers never wait long for it.
const SWEEP: i64 = 1_000;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS outbox (
        id          INTEGER PRIMARY KEY AUTOINCREMENT,
        topic       TEXT    NOT NULL,
        room_id     INTEGER NOT NULL,
        event_id    TEXT    NOT NULL,
        payload     BLOB    NOT NULL,
        replayed    INTEGER NOT NULL,
        recorded_at INTEGER NOT NULL DEFAULT (unixepoch()),
        version     INTEGER,
        traceparent TEXT,
        checksum    INTEGER
    );
    CREATE TABLE IF NOT EXISTS positions (
        consumer_group TEXT PRIMARY KEY,
        position       INTEGER NOT NULL
    ) WITHOUT ROWID;";

/// The events of one writer, in the SQLite file of that writer, so that an event and the rows it announces are one
/// transaction. Cheap to clone; clones wake the same readers, two `open`s of one file do not.
#[derive(Clone, Debug)]
pub struct SqliteOutbox {
    database: SqliteDatabase,
    commits: Arc<watch::Sender<()>>,
}

impl SqliteOutbox {
    /// Makes what is missing: the outbox itself, and the positions of groups that keep theirs here.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn open(database: SqliteDatabase) -> Result<Self, StoreError> {
        let mut transaction = database.writer.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::raw_sql(TABLES).execute(&mut *transaction).await?;
        for column in ["version INTEGER", "traceparent TEXT", "checksum INTEGER"] {
            add_column(&mut transaction, column).await?;
        }
        transaction.commit().await?;
        Ok(Self {
            database,
            commits: Arc::new(watch::Sender::new(())),
        })
    }

    /// Records events in the order given, within the owner's transaction: they are there if and only if it commits.
    /// One statement, however many events. After the commit, call [`SqliteOutbox::committed`].
    ///
    /// # Errors
    /// The store is unavailable; the owner's transaction must be rolled back.
    pub async fn record(
        connection: &mut SqliteConnection,
        events: &[NewEvent],
    ) -> Result<(), sqlx::Error> {
        if events.is_empty() {
            return Ok(());
        }
        let (rows, payloads) = batch(events);
        // `substr` counts from 1, in bytes because the second parameter is a BLOB, and makes NULL of nothing.
        sqlx::query(
            "INSERT INTO outbox (topic, room_id, event_id, payload, replayed, version, traceparent, checksum)
             SELECT value ->> 0, value ->> 1, value ->> 2, ifnull(substr(?2, value ->> 3, value ->> 4), x''),
                 value ->> 5, value ->> 6, value ->> 7, value ->> 8
             FROM json_each(?1) ORDER BY key",
        )
        .bind(rows)
        .bind(payloads)
        .execute(connection)
        .await?;
        Ok(())
    }

    /// Notifies readers that events were committed.
    pub fn committed(&self) {
        self.commits.send_replace(());
    }

    /// The database of the file.
    #[must_use]
    pub fn database(&self) -> &SqliteDatabase {
        &self.database
    }

    /// The id of the newest event that was ever committed, swept or not; 0 if there was none.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn last_id(&self) -> Result<i64, StoreError> {
        last_id(&self.database).await
    }

    /// Removes events that were recorded before an instant, and answers how many. For the announced topics (decision
    /// 15: 24 h); the write topics are kept for ever.
    ///
    /// # Errors
    /// The store is unavailable; some events may already be removed.
    pub async fn sweep(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut swept = 0;
        loop {
            let removed = sqlx::query(
                "DELETE FROM outbox
                 WHERE id IN (SELECT id FROM outbox ORDER BY id LIMIT ?1) AND recorded_at < ?2",
            )
            .bind(SWEEP)
            .bind(before.seconds())
            .execute(&self.database.writer)
            .await?
            .rows_affected();
            swept += removed;
            if removed < SWEEP.unsigned_abs() {
                return Ok(swept);
            }
        }
    }

    /// What the disk has damaged of the outbox in this file, or lost of it, one line for each row. In an outbox that
    /// is swept, missing rows at the beginning are no damage.
    ///
    /// # Errors
    /// The file cannot be read, or not to its end.
    pub async fn damages(
        database: &SqliteDatabase,
        is_swept: bool,
    ) -> Result<Vec<String>, StoreError> {
        let (mut damages, mut position) = (Vec::new(), 0);
        // One view of the file: a sweep between two pages would look like a gap.
        let mut view = database.readers.begin().await?;
        loop {
            // Also of a file that this release has not opened yet.
            let rows = stored::rows(&mut *view, "*", position, PAGE).await?;
            let ids = || rows.iter().map(stored::id);
            let Some(last) = ids().next_back() else {
                break;
            };
            // A damaged page would be read for ever.
            if last <= position {
                damages.push(format!("events behind {position} are not in order"));
                return Ok(damages);
            }
            let from = match ids().next() {
                Some(first) if is_swept && position == 0 => first - 1,
                _ => position,
            };
            let lost = stored::missing(from, ids()).into_iter();
            damages.extend(
                lost.map(|ids| format!("events {} to {} are missing", ids.start(), ids.end())),
            );
            damages.extend(rows.iter().filter_map(stored::damage));
            position = last;
        }
        let newest: Option<i64> =
            sqlx::query_scalar("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'")
                .fetch_optional(&mut *view)
                .await?;
        let newest = newest.unwrap_or(0);
        if position > newest || (position < newest && !is_swept) {
            damages.push(format!(
                "the last event is {position}, and {newest} was the last to be written"
            ));
        }
        Ok(damages)
    }

    /// Records events in a transaction of their own.
    pub(super) async fn append(&self, events: &[NewEvent]) -> Result<(), StoreError> {
        let mut transaction = self.database.writer.begin_with("BEGIN IMMEDIATE").await?;
        Self::record(&mut transaction, events).await?;
        transaction.commit().await?;
        self.committed();
        Ok(())
    }

    /// At most `max` records behind `position`, in order. One that was damaged on the disk has no value.
    pub(super) async fn read(
        &self,
        position: i64,
        max: usize,
    ) -> Result<Vec<Record>, EventLogError> {
        let rows = stored::rows(&self.database.readers, stored::COLUMNS, position, max).await?;
        rows.iter().map(stored::record).collect()
    }

    pub(super) fn watch(&self) -> Commits {
        Commits(self.commits.subscribe())
    }
}

/// A reader's view of commits.
#[derive(Clone, Debug)]
pub(super) struct Commits(watch::Receiver<()>);

impl Commits {
    /// Forgets the commits so far. Call it before reading, so that a commit during the read is noticed.
    pub(super) fn forget(&mut self) {
        self.0.mark_unchanged();
    }

    /// Waits for a commit after the last [`Commits::forget`], or for the poll.
    pub(super) async fn next(&mut self) {
        // A closed channel cannot be: the reader holds the outbox, which holds the sender.
        let _ = tokio::time::timeout(POLL_INTERVAL, self.0.changed()).await;
    }
}

/// As [`SqliteOutbox::last_id`].
pub(super) async fn last_id(database: &SqliteDatabase) -> Result<i64, StoreError> {
    let id = sqlx::query_scalar(
        "SELECT max(ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'outbox'), 0),
            ifnull((SELECT max(id) FROM outbox), 0))",
    )
    .fetch_one(&database.readers)
    .await?;
    Ok(id)
}

/// Files made before events had this lack its column.
async fn add_column(
    connection: &mut SqliteConnection,
    column: &'static str,
) -> Result<(), sqlx::Error> {
    let name = column.split(' ').next();
    let is_there: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM pragma_table_info('outbox') WHERE name = ?1)",
    )
    .bind(name)
    .fetch_one(&mut *connection)
    .await?;
    if !is_there {
        sqlx::query(AssertSqlSafe(format!(
            "ALTER TABLE outbox ADD COLUMN {column}"
        )))
        .execute(connection)
        .await?;
    }
    Ok(())
}

/// What [`SqliteOutbox::record`] binds: a JSON array of rows, and all payloads one behind the other. JSON could not
/// carry a payload as it is, because a payload may be anything.
fn batch(events: &[NewEvent]) -> (String, Vec<u8>) {
    let mut payloads = Vec::with_capacity(events.iter().map(|event| event.payload.len()).sum());
    let rows: Vec<_> = events
        .iter()
        .map(|event| {
            let start = payloads.len() + 1;
            payloads.extend_from_slice(&event.payload);
            let traceparent = event.traceparent.map(|traceparent| traceparent.to_string());
            let fields = Fields {
                topic: event.topic.name(),
                room_id: event.room_id.0,
                event_id: &event.event_id,
                payload: &event.payload,
                replayed: event.replayed,
                version: event.version,
                traceparent: traceparent.as_deref(),
            };
            let checksum = fields.checksum();
            (
                event.topic.name(),
                event.room_id,
                &event.event_id,
                start,
                event.payload.len(),
                event.replayed,
                event.version,
                traceparent,
                checksum,
            )
        })
        .collect();
    let rows = serde_json::to_string(&rows).expect("rows hold only strings and numbers");
    (rows, payloads)
}
