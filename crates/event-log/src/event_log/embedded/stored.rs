//! Rows of the outbox as they are found, which the disk may have damaged since they were written (F38).

use std::{fmt, ops::RangeInclusive};

use bytes::Bytes;
use colloquy_contracts::Topic;
use colloquy_sql::{StoreError, checksum};
use sqlx::{AssertSqlSafe, Row as _, SqliteExecutor, sqlite::SqliteRow};

use crate::event_log::{EventLogError, Record};

/// What the checksum of a row is made of: everything but its id, which is its place, and its age.
pub(super) struct Fields<'a> {
    pub topic: &'a str,
    pub room_id: i64,
    pub event_id: &'a str,
    pub payload: &'a [u8],
    pub replayed: bool,
    pub version: Option<i64>,
    pub traceparent: Option<&'a str>,
}

impl<'a> Fields<'a> {
    pub(super) fn checksum(&self) -> i64 {
        let version = self.version.map(i64::to_be_bytes);
        checksum(&[
            self.topic.as_bytes(),
            &self.room_id.to_be_bytes(),
            self.event_id.as_bytes(),
            self.payload,
            &[u8::from(self.replayed)],
            version.as_ref().map_or(&[][..], |version| version),
            self.traceparent.unwrap_or_default().as_bytes(),
        ])
    }

    /// The fields of a row; an error for a row that was damaged. Rows of releases without checksums are taken as they are.
    fn of(row: &'a SqliteRow) -> Result<Self, sqlx::Error> {
        let fields = Self {
            topic: row.try_get("topic")?,
            room_id: row.try_get("room_id")?,
            event_id: row.try_get("event_id")?,
            payload: row.try_get("payload")?,
            replayed: row.try_get("replayed")?,
            version: row.try_get("version")?,
            traceparent: row.try_get("traceparent")?,
        };
        match row.try_get::<Option<i64>, _>("checksum") {
            Ok(Some(written)) if written != fields.checksum() => Err(sqlx::Error::Decode(
                "the checksum is of other content".into(),
            )),
            Err(error @ sqlx::Error::ColumnDecode { .. }) => Err(error),
            _ => Ok(fields),
        }
    }
}

/// What a record is made of. Named, because a connection may know a table from before it got its last column.
pub(super) const COLUMNS: &str =
    "id, topic, room_id, event_id, payload, replayed, version, traceparent, checksum";

/// At most `max` rows behind `position`, in order.
pub(super) async fn rows(
    executor: impl SqliteExecutor<'_>,
    columns: &'static str,
    position: i64,
    max: usize,
) -> Result<Vec<SqliteRow>, StoreError> {
    let page = format!("SELECT {columns} FROM outbox WHERE id > ?1 ORDER BY id LIMIT ?2");
    let rows = sqlx::query(AssertSqlSafe(page))
        .bind(position)
        .bind(i64::try_from(max.max(1)).unwrap_or(i64::MAX))
        .fetch_all(executor)
        .await?;
    Ok(rows)
}

/// The id of a row.
pub(super) fn id(row: &SqliteRow) -> i64 {
    row.get("id")
}

/// The record in a row. One that was damaged keeps its place and loses its value, so that no reader takes it for what was
/// written: it is parked where it is decoded (decision 8).
pub(super) fn record(row: &SqliteRow) -> Result<Record, EventLogError> {
    match Fields::of(row) {
        Ok(fields) => whole(row, &fields),
        Err(error) => {
            let damaged = Damaged::of(row);
            tracing::error!(
                outbox.id = damaged.id, event.id = damaged.event_id, room.id = damaged.room_id, %error,
                "an event was damaged on the disk and is not read"
            );
            Ok(damaged.record())
        }
    }
}

fn whole(row: &SqliteRow, fields: &Fields) -> Result<Record, EventLogError> {
    let offset = id(row);
    Ok(Record {
        topic: fields.topic.parse().map_err(|error| {
            EventLogError::Misconfigured(format!("outbox id {offset}: {error}"))
        })?,
        partition: 0,
        offset,
        key: fields.room_id.to_string(),
        event_id: fields.event_id.to_owned(),
        payload: Bytes::copy_from_slice(fields.payload),
        replayed: fields.replayed,
        version: fields.version,
        traceparent: fields.traceparent.and_then(|text| text.parse().ok()),
    })
}

/// The ids that are missing behind `position`, as ranges: they leave no hole, because a rolled back transaction gives its
/// ids back.
pub(super) fn missing(
    mut position: i64,
    ids: impl IntoIterator<Item = i64>,
) -> Vec<RangeInclusive<i64>> {
    let mut missing = Vec::new();
    for id in ids {
        if id > position + 1 {
            missing.push(position + 1..=id - 1);
        }
        position = id;
    }
    missing
}

/// Reports what is missing in a log that is kept for ever, to which these records of it were read.
pub(super) fn report_missing(position: i64, records: &[Record]) {
    for ids in missing(position, records.iter().map(|record| record.offset)) {
        tracing::error!(
            outbox.first = ids.start(),
            outbox.last = ids.end(),
            "events are missing in the log"
        );
    }
}

/// The topic of an event whose topic cannot be read.
const STAND_IN: Topic = Topic::ChatMessageSent;

/// What can still be read of a damaged row. Any of it may be wrong.
pub(super) struct Damaged {
    id: i64,
    topic: Topic,
    room_id: i64,
    event_id: String,
}

impl Damaged {
    fn of(row: &SqliteRow) -> Self {
        let topic: Option<String> = row.try_get("topic").ok();
        Self {
            id: id(row),
            topic: topic.and_then(|name| name.parse().ok()).unwrap_or(STAND_IN),
            room_id: row.try_get("room_id").unwrap_or_default(),
            event_id: row.try_get("event_id").unwrap_or_default(),
        }
    }

    /// What was damaged, if this row was.
    pub(super) fn found(row: &SqliteRow) -> Option<Self> {
        let is_whole = Fields::of(row).is_ok_and(|fields| fields.topic.parse::<Topic>().is_ok());
        (!is_whole).then(|| Self::of(row))
    }

    fn record(self) -> Record {
        Record {
            topic: self.topic,
            partition: 0,
            offset: self.id,
            key: self.room_id.to_string(),
            event_id: self.event_id,
            payload: Bytes::new(),
            replayed: false,
            version: None,
            traceparent: None,
        }
    }
}

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            id,
            room_id,
            event_id,
            ..
        } = self;
        write!(f, "event {id} ({event_id:?} of room {room_id}) is damaged")
    }
}
