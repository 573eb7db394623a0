//! Rows of the outbox, which the disk may have damaged since they were written (fault F38).

use std::ops::RangeInclusive;

use bytes::Bytes;
use colloquy_contracts::Topic;
use colloquy_sql::{StoreError, checksum};
use sqlx::{AssertSqlSafe, Row as _, SqliteExecutor, sqlite::SqliteRow};

use crate::event_log::{EventLogError, Record};

/// The fields that the checksum of a row covers: all but its id and its age.
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

/// The columns of a record, by name, because a connection may know a table from before it got its last column.
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

/// The record in a row. A damaged one keeps its offset and loses its value, so that no reader takes it for what was
/// written: it is parked where it is decoded (decision 8).
pub(super) fn record(row: &SqliteRow) -> Result<Record, EventLogError> {
    match Fields::of(row) {
        Ok(fields) => whole(row, &fields),
        Err(error) => {
            let damaged = damaged(row);
            let room = damaged.key.parse::<i64>().ok();
            tracing::error!(
                outbox.id = damaged.offset, event.id = damaged.event_id, room.id = room, %error,
                "an event was damaged on the disk and is not read"
            );
            Ok(damaged)
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

/// Logs an error for ids that are missing before or between these records, in an outbox that is never swept.
pub(super) fn report_missing(position: i64, records: &[Record]) {
    for ids in missing(position, records.iter().map(|record| record.offset)) {
        tracing::error!(
            outbox.first = ids.start(),
            outbox.last = ids.end(),
            "events are missing in the log"
        );
    }
}

/// Stands for the topic of an event whose topic cannot be read: a record has one, and this one has no value anyway.
const UNREADABLE_TOPIC: Topic = Topic::ChatMessageSent;

/// What can still be read of a damaged row, any of which may be wrong; without a value.
fn damaged(row: &SqliteRow) -> Record {
    let topic: Option<String> = row.try_get("topic").ok();
    let room: i64 = row.try_get("room_id").unwrap_or_default();
    Record {
        topic: topic
            .and_then(|name| name.parse().ok())
            .unwrap_or(UNREADABLE_TOPIC),
        partition: 0,
        offset: id(row),
        key: room.to_string(),
        event_id: row.try_get("event_id").unwrap_or_default(),
        payload: Bytes::new(),
        replayed: false,
        version: None,
        traceparent: None,
    }
}

/// What is wrong with this row, if it was damaged.
pub(super) fn damage(row: &SqliteRow) -> Option<String> {
    let is_whole = Fields::of(row).is_ok_and(|fields| fields.topic.parse::<Topic>().is_ok());
    (!is_whole).then(|| {
        let Record {
            offset,
            key,
            event_id,
            ..
        } = damaged(row);
        format!("event {offset} ({event_id:?} of room {key}) is damaged")
    })
}
