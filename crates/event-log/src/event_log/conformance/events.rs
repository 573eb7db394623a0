//! Events go in and come out as they are.

use bytes::Bytes;
use colloquy_contracts::{RoomId, Topic};

use super::{Fixture, ok, soon};
use crate::event_log::{EventLog, GroupReader, NewEvent, Record};

/// An event of a room, with an id that says which.
pub(super) fn event(topic: Topic, room: i64, number: usize) -> NewEvent {
    NewEvent {
        topic,
        room_id: RoomId(room),
        event_id: format!("{topic}:{room}:{number}"),
        payload: format!(r#"{{"room":{room},"number":{number}}}"#).into(),
        replayed: false,
        version: None,
        traceparent: None,
    }
}

/// Messages `numbers` of a room.
pub(super) fn messages(room: i64, numbers: std::ops::Range<usize>) -> Vec<NewEvent> {
    numbers
        .map(|number| event(Topic::ChatMessageSent, room, number))
        .collect()
}

/// Appends, and makes sure that everything is durable.
pub(super) async fn append(log: &dyn EventLog, events: &[NewEvent]) {
    let durable = ok(soon(log.append(events)).await);
    assert_eq!(durable, vec![true; events.len()]);
}

/// The next `count` records of a group.
pub(super) async fn take(reader: &mut dyn GroupReader, count: usize) -> Vec<Record> {
    let mut records = Vec::new();
    while records.len() < count {
        records.extend(ok(soon(reader.next(count - records.len())).await));
    }
    records
}

/// The ids of records, in the order in which they were read.
pub(super) fn ids(records: &[Record]) -> Vec<&str> {
    records
        .iter()
        .map(|record| record.event_id.as_str())
        .collect()
}

/// The ids of events, in the order in which they were appended.
pub(super) fn ids_of(events: &[NewEvent]) -> Vec<&str> {
    events.iter().map(|event| event.event_id.as_str()).collect()
}

/// One answer for each event, and none for none.
pub async fn an_append_answers_for_each_event<F: Fixture>() {
    let fixture = F::fresh().await;
    let log = fixture.open().await;
    let events: Vec<_> = Topic::ALL
        .into_iter()
        .map(|topic| event(topic, 1, 1))
        .collect();
    assert_eq!(ok(soon(log.append(&events)).await), vec![true; 5]);
    assert_eq!(ok(soon(log.append(&[])).await), Vec::<bool>::new());
}

/// Topic, key, id, value, mark, version and traceparent are what they were.
pub async fn what_goes_in_comes_out<F: Fixture>() {
    let fixture = F::fresh().await;
    let log = fixture.open().await;
    let mut events = messages(i64::MAX, 1..4);
    events[0].event_id = "message:\"ü\"\n".to_owned();
    events[0].payload = Bytes::from_static(" { \"a\" : 1.0, \"b\": \"\\u00fc ü\" } ".as_bytes());
    events[1].replayed = true;
    events[1].version = Some(i64::MAX);
    events[2].version = Some(0);
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    events[2].traceparent = traceparent.parse().ok();
    assert!(events[2].traceparent.is_some());
    append(log.as_ref(), &events).await;
    let mut reader = ok(log.join("group").await);
    let records = take(reader.as_mut(), 3).await;
    for (record, event) in records.iter().zip(&events) {
        assert_eq!(record.topic, event.topic);
        assert_eq!(record.key, event.room_id.to_string());
        assert_eq!(record.event_id, event.event_id);
        assert_eq!(record.payload, event.payload);
        assert_eq!(record.replayed, event.replayed);
        assert_eq!(record.version, event.version);
        assert_eq!(record.traceparent, event.traceparent);
    }
}

/// A value may be anything: it is the reader that finds out (decision 8).
pub async fn payloads_that_are_no_json_are_carried_unchanged<F: Fixture>() {
    let fixture = F::fresh().await;
    let log = fixture.open().await;
    let poison: [&'static [u8]; 5] = [b"\0", b"\xff\xfe\0\x80", b"", b"'; --", b"{\"cut\":"];
    let mut events = messages(1, 0..poison.len());
    for (event, poison) in events.iter_mut().zip(poison) {
        event.payload = Bytes::from_static(poison);
    }
    // Alone as well: a batch of nothing but an empty value is a corner of its own.
    append(log.as_ref(), &events[2..3]).await;
    append(log.as_ref(), &events).await;
    let mut reader = ok(log.join("group").await);
    let records = take(reader.as_mut(), 6).await;
    assert_eq!(records[0].payload.as_ref(), b"");
    for (record, poison) in records[1..].iter().zip(poison) {
        assert_eq!(record.payload.as_ref(), poison);
    }
}

/// The log does not drop repeats: it is the readers that do, by the id.
pub async fn a_repeat_is_read_twice_under_one_id<F: Fixture>() {
    let fixture = F::fresh().await;
    let log = fixture.open().await;
    let events = messages(1, 1..2);
    append(log.as_ref(), &events).await;
    append(log.as_ref(), &events).await;
    let mut reader = ok(log.join("group").await);
    let records = take(reader.as_mut(), 2).await;
    assert_eq!(ids(&records), [&events[0].event_id, &events[0].event_id]);
}

/// Whatever is appended between, and in however many calls.
pub async fn decision_7_a_room_keeps_its_order_on_a_topic<F: Fixture>() {
    let fixture = F::fresh().await;
    let log = fixture.open().await;
    let mut appended = Vec::new();
    for batch in 0..10 {
        let events: Vec<_> = (batch * 20..batch * 20 + 20)
            .flat_map(|number| (1..=5).map(move |room| (room, number)))
            .map(|(room, number)| event(Topic::WRITE[number % 3], room, number))
            .collect();
        append(log.as_ref(), &events).await;
        appended.extend(events);
    }
    let mut reader = ok(log.join("group").await);
    let records = take(reader.as_mut(), appended.len()).await;
    for room in 1..=5 {
        for topic in Topic::WRITE {
            let read: Vec<_> = records
                .iter()
                .filter(|record| record.topic == topic && record.key == room.to_string())
                .map(|record| &record.event_id)
                .collect();
            let expected: Vec<_> = appended
                .iter()
                .filter(|event| event.topic == topic && event.room_id == RoomId(room))
                .map(|event| &event.event_id)
                .collect();
            assert_eq!(read, expected, "room {room}, topic {topic}");
        }
    }
}
