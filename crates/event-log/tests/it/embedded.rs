use std::time::Duration;

use colloquy_chassis::{Clock as _, SystemClock};
use colloquy_contracts::{RoomId, Timestamp, Topic};
use colloquy_event_log::{
    AuditTrail, EmbeddedLog, EventLog, EventLogError, GroupProgress, NewEvent, SqliteOutbox,
    event_log::{conformance::Fixture, embedded::record_position},
};
use colloquy_sql::sqlite::{Durability, SqliteDatabase};
use sqlx::AssertSqlSafe;
use tempfile::TempDir;
use tokio::time::timeout;

colloquy_event_log::conformance!(Files);

/// A data folder.
struct Files(TempDir);

impl Files {
    async fn outbox(&self, name: &str) -> SqliteOutbox {
        let path = self.0.path().join(name);
        let file = SqliteDatabase::open(&path, Durability::Full).await.unwrap();
        SqliteOutbox::open(file).await.unwrap()
    }

    async fn log(&self) -> (SqliteOutbox, SqliteOutbox, EmbeddedLog) {
        let (write, views) = (self.outbox("write.db").await, self.outbox("views.db").await);
        let log = EmbeddedLog::new(write.clone(), views.clone());
        (write, views, log)
    }
}

impl Fixture for Files {
    async fn fresh() -> Self {
        Self(TempDir::new().unwrap())
    }

    async fn open(&self) -> Box<dyn EventLog> {
        Box::new(self.log().await.2)
    }

    async fn open_trail(&self) -> Box<dyn AuditTrail> {
        Box::new(self.log().await.2)
    }

    async fn open_progress(&self) -> Box<dyn GroupProgress> {
        Box::new(self.log().await.2)
    }
}

fn event(topic: Topic, number: i64) -> NewEvent {
    NewEvent {
        topic,
        room_id: RoomId(1),
        event_id: format!("{number}"),
        payload: "{}".into(),
        replayed: false,
        version: None,
        traceparent: None,
    }
}

async fn record(outbox: &SqliteOutbox, events: &[NewEvent]) {
    let writer = &outbox.database().writer;
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await.unwrap();
    SqliteOutbox::record(&mut transaction, events)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn decision_21_a_file_from_before_versions_and_traceparents_gets_them_and_keeps_its_events() {
    let files = Files::fresh().await;
    let (write, _, _) = files.log().await;
    record(&write, &[event(Topic::ChatMessageSent, 1)]).await;
    for column in ["version", "traceparent"] {
        let drop = format!("ALTER TABLE outbox DROP COLUMN {column}");
        sqlx::query(AssertSqlSafe(drop))
            .execute(&write.database().writer)
            .await
            .unwrap();
    }
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        .parse()
        .ok();

    let (write, _, log) = files.log().await;
    let versioned = NewEvent {
        version: Some(7),
        traceparent,
        ..event(Topic::ChatMessageSent, 2)
    };
    record(&write, &[versioned]).await;
    let mut reader = log.join("group").await.unwrap();
    let records = reader.next(10).await.unwrap();
    let read: Vec<_> = records
        .iter()
        .map(|record| (record.event_id.as_str(), record.version, record.traceparent))
        .collect();
    assert_eq!(read, [("1", None, None), ("2", Some(7), traceparent)]);
}

#[tokio::test]
async fn invariant_3_an_event_is_there_if_and_only_if_its_owner_commits() {
    let files = Files::fresh().await;
    let (write, _, _) = files.log().await;
    let mut transaction = write
        .database()
        .writer
        .begin_with("BEGIN IMMEDIATE")
        .await
        .unwrap();
    SqliteOutbox::record(&mut transaction, &[event(Topic::ChatMessageSent, 1)])
        .await
        .unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(write.last_id().await.unwrap(), 0);
    record(&write, &[event(Topic::ChatMessageSent, 2)]).await;
    assert_eq!(write.last_id().await.unwrap(), 1);
}

#[tokio::test]
async fn a_commit_wakes_readers_long_before_the_poll() {
    let files = Files::fresh().await;
    let (write, _, log) = files.log().await;
    let mut reader = log.join("group").await.unwrap();
    let mut tail = log.tail(&Topic::ALL).await.unwrap();
    for number in 1..=20 {
        let commit = async {
            record(&write, &[event(Topic::ChatMessageSent, number)]).await;
            write.committed();
        };
        let reads = async { tokio::join!(commit, reader.next(9), tail.next(9)) };
        // Twenty polls would take twenty seconds.
        let (_, read, followed) = timeout(Duration::from_millis(500), reads).await.unwrap();
        assert_eq!(read.unwrap()[0].offset, number);
        assert_eq!(followed.unwrap()[0].offset, number);
    }
}

#[tokio::test]
async fn a_commit_without_a_notification_is_found_by_the_poll() {
    let files = Files::fresh().await;
    let (write, _, log) = files.log().await;
    let mut tail = log.tail(&Topic::ALL).await.unwrap();
    let events = [event(Topic::ChatMessageSent, 1)];
    let (read, ()) = tokio::join!(
        timeout(Duration::from_secs(10), tail.next(1)),
        record(&write, &events)
    );
    assert_eq!(read.unwrap().unwrap()[0].event_id, "1");
}

#[tokio::test]
async fn decision_9_a_position_recorded_with_the_view_is_where_the_group_resumes() {
    let files = Files::fresh().await;
    let (_, views, log) = files.log().await;
    let events: Vec<_> = (1..=3)
        .map(|number| event(Topic::ChatMessageSent, number))
        .collect();
    log.append(&events).await.unwrap();
    let mut reader = log.join("group").await.unwrap();
    let records = reader.next(2).await.unwrap();
    let mut transaction = views.database().writer.begin().await.unwrap();
    record_position(&mut transaction, "group", 2).await.unwrap();
    transaction.commit().await.unwrap();
    reader.commit(&records[..1]).await.unwrap();
    assert_eq!(
        log.position("group").await.unwrap(),
        2,
        "it never goes back"
    );
    drop((reader, log, views));
    let (_, _, log) = files.log().await;
    let mut reader = log.join("group").await.unwrap();
    assert_eq!(reader.next(9).await.unwrap()[0].event_id, "3");
}

#[tokio::test]
async fn a_commit_of_a_position_that_is_there_waits_for_no_writer() {
    let files = Files::fresh().await;
    let (_, views, log) = files.log().await;
    log.append(&[event(Topic::ChatMessageSent, 1)])
        .await
        .unwrap();
    let mut reader = log.join("group").await.unwrap();
    let records = reader.next(1).await.unwrap();
    reader.commit(&records).await.unwrap();
    let _writing = views.database().writer.begin_with("BEGIN IMMEDIATE").await;
    reader.commit(&records).await.unwrap();
}

#[tokio::test]
async fn decision_10_a_position_ahead_of_the_write_file_is_noticed() {
    let files = Files::fresh().await;
    let (_, _, log) = files.log().await;
    assert!(!log.is_ahead("group").await.unwrap());
    log.append(&[event(Topic::ChatMessageSent, 1)])
        .await
        .unwrap();
    let mut reader = log.join("group").await.unwrap();
    let records = reader.next(1).await.unwrap();
    reader.commit(&records).await.unwrap();
    assert!(!log.is_ahead("group").await.unwrap());
    let restored = EmbeddedLog::new(
        files.outbox("backup.db").await,
        files.outbox("views.db").await,
    );
    assert!(restored.is_ahead("group").await.unwrap());
    assert!(!restored.is_ahead("other").await.unwrap());
}

#[tokio::test]
async fn decision_7_a_group_has_one_reading_member_at_a_time() {
    let files = Files::fresh().await;
    let (_, _, log) = files.log().await;
    log.append(&[event(Topic::ChatMessageSent, 1)])
        .await
        .unwrap();
    let mut first = log.join("group").await.unwrap();
    let records = first.next(1).await.unwrap();
    let mut second = log.join("group").await.unwrap();
    let early = timeout(Duration::from_millis(100), second.next(1)).await;
    assert!(early.is_err(), "the first still reads");
    first.commit(&records).await.unwrap();
    drop(first);
    log.append(&[event(Topic::ChatMessageSent, 2)])
        .await
        .unwrap();
    let records = second.next(9).await.unwrap();
    assert_eq!(records[0].event_id, "2");
}

#[tokio::test]
async fn decision_15_a_sweep_removes_what_is_old_and_keeps_the_ids_going() {
    let files = Files::fresh().await;
    let (_, views, log) = files.log().await;
    let mut tail = log.tail(&Topic::ANNOUNCED).await.unwrap();
    log.append(&[event(Topic::RoomUpdated, 1), event(Topic::RoomUpdated, 2)])
        .await
        .unwrap();
    sqlx::query("UPDATE outbox SET recorded_at = recorded_at - 3600 WHERE id = 1")
        .execute(&views.database().writer)
        .await
        .unwrap();
    let half_an_hour_ago = Timestamp::from_millis(SystemClock.now().millis() - 1_800_000);
    assert_eq!(views.sweep(half_an_hour_ago).await.unwrap(), 1);
    assert_eq!(views.sweep(half_an_hour_ago).await.unwrap(), 0);
    assert_eq!(views.last_id().await.unwrap(), 2);
    let missed = tail.next(9).await;
    assert!(
        matches!(missed, Err(EventLogError::OutOfRange)),
        "{missed:?}"
    );
}

#[tokio::test]
async fn an_append_into_two_files_answers_for_each_until_the_first_that_fails() {
    let files = Files::fresh().await;
    let (_, views, log) = files.log().await;
    views.database().writer.close().await;
    let events = [
        event(Topic::ChatMessageSent, 1),
        event(Topic::RoomUpdated, 2),
        event(Topic::ChatMessageSent, 3),
    ];
    assert_eq!(log.append(&events).await.unwrap(), [true, false, false]);
    let refused = log.append(&events[1..]).await;
    assert!(
        matches!(refused, Err(EventLogError::Unavailable(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn b28_a_row_that_the_disk_damaged_has_no_value_and_later_ones_are_read() {
    for damage in [
        "payload = CAST('[]' AS BLOB)",
        "payload = CAST(x'ff' AS TEXT)",
        "topic = 'chat-message-tent'",
        "topic = NULLIF(CAST(x'ff' AS TEXT), '')",
        "room_id = room_id + 1",
        "event_id = event_id || ' '",
        "replayed = 1",
        "version = 1",
        "traceparent = 'x'",
        "checksum = checksum + 1",
    ] {
        let files = Files::fresh().await;
        let (write, _, log) = files.log().await;
        let events = [1, 2, 3].map(|number| event(Topic::ChatMessageSent, number));
        log.append(&events).await.unwrap();
        let spoil = sqlx::AssertSqlSafe(format!("UPDATE outbox SET {damage} WHERE id = 1"));
        sqlx::query(spoil)
            .execute(&write.database().writer)
            .await
            .unwrap();
        let records = log.join("group").await.unwrap().next(9).await.unwrap();
        let values: Vec<_> = records.iter().map(|one| one.payload.clone()).collect();
        assert_eq!(values[0], "", "{damage}");
        assert_eq!(
            values[1..],
            [events[1].payload.clone(), events[2].payload.clone()]
        );
        let broken = colloquy_event_log::write_event::read(&records[0]).unwrap_err();
        assert_eq!(broken.to_string(), "the value was damaged in the store");
        let damages = SqliteOutbox::damages(write.database(), false)
            .await
            .unwrap();
        assert_eq!(damages.len(), 1, "{damages:?}");
        assert!(damages[0].starts_with("event 1 ("), "{damages:?}");
    }
}

#[tokio::test]
async fn b28_events_that_are_missing_are_found_and_those_that_were_swept_are_not_missed() {
    let files = Files::fresh().await;
    let (write, _, log) = files.log().await;
    let events = [1, 2, 3, 4, 5].map(|number| event(Topic::ChatMessageSent, number));
    log.append(&events).await.unwrap();
    let damages = async |is_swept| {
        SqliteOutbox::damages(write.database(), is_swept)
            .await
            .unwrap()
    };
    assert_eq!(damages(false).await, [""; 0]);
    sqlx::query("DELETE FROM outbox WHERE id IN (1, 3, 4)")
        .execute(&write.database().writer)
        .await
        .unwrap();
    let between = "events 3 to 4 are missing";
    assert_eq!(damages(false).await, ["events 1 to 1 are missing", between]);
    assert_eq!(damages(true).await, [between]);
}

#[tokio::test]
async fn b28_a_check_of_a_log_that_grows_finds_nothing() {
    let files = Files::fresh().await;
    let (write, _, log) = files.log().await;
    let events = [1, 2, 3].map(|number| event(Topic::ChatMessageSent, number));
    log.append(&events).await.unwrap();
    let grow = async {
        for _ in 0..200 {
            log.append(&events).await.unwrap();
        }
    };
    let check = async {
        for _ in 0..50 {
            let damages = SqliteOutbox::damages(write.database(), false).await;
            assert_eq!(damages.unwrap(), [""; 0]);
        }
    };
    tokio::join!(grow, check);
}
