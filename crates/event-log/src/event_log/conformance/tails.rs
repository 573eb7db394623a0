//! Tails follow topics without a group.

use std::time::Duration;

use colloquy_contracts::Topic;
use tokio::time::timeout;

use super::{
    Fixture,
    events::{append, event, ids, ids_of, messages},
    ok, soon,
};
use crate::event_log::{Record, TailReader};

/// The next `count` records.
async fn follow(tail: &mut dyn TailReader, count: usize) -> Vec<Record> {
    let mut records = Vec::new();
    while records.len() < count {
        records.extend(ok(soon(tail.next(count - records.len())).await));
    }
    records
}

/// From the moment it was made, not from its first read.
pub async fn decision_16_a_tail_reads_what_comes_after_it_and_nothing_before<F: Fixture>() {
    let fixture = F::fresh().await;
    let log = fixture.open().await;
    append(log.as_ref(), &messages(1, 0..5)).await;
    let mut tail = ok(soon(log.tail(&[Topic::ChatMessageSent])).await);
    let first = messages(1, 5..10);
    append(log.as_ref(), &first).await;
    assert_eq!(ids(&follow(tail.as_mut(), 5).await), ids_of(&first));
    let later = messages(1, 10..15);
    append(log.as_ref(), &later).await;
    assert_eq!(ids(&follow(tail.as_mut(), 5).await), ids_of(&later));
}

/// Every node of the push side reads everything.
pub async fn two_tails_read_everything_each<F: Fixture>() {
    let fixture = F::fresh().await;
    let log = fixture.open().await;
    let mut one = ok(soon(log.tail(&Topic::ALL)).await);
    let mut other = ok(soon(log.tail(&Topic::ALL)).await);
    let events = messages(1, 0..10);
    append(log.as_ref(), &events).await;
    assert_eq!(ids(&follow(one.as_mut(), 10).await), ids_of(&events));
    assert_eq!(ids(&follow(other.as_mut(), 10).await), ids_of(&events));
}

/// Topics of both writers, however many records of others lie between.
pub async fn a_tail_reads_its_topics_only<F: Fixture>() {
    let fixture = F::fresh().await;
    let log = fixture.open().await;
    let mut tail = ok(soon(log.tail(&[Topic::ChatMessageSent, Topic::RoomUpdated])).await);
    for number in 0..10 {
        append(
            log.as_ref(),
            &Topic::ALL.map(|topic| event(topic, 1, number)),
        )
        .await;
    }
    let records = follow(tail.as_mut(), 20).await;
    for topic in [Topic::ChatMessageSent, Topic::RoomUpdated] {
        let read: Vec<_> = records
            .iter()
            .filter(|record| record.topic == topic)
            .map(|record| record.event_id.clone())
            .collect();
        let expected: Vec<_> = (0..10)
            .map(|number| event(topic, 1, number).event_id)
            .collect();
        assert_eq!(read, expected);
    }
}

/// A read that is given up again and again loses nothing and repeats nothing.
pub async fn next_of_a_tail_is_cancel_safe<F: Fixture>() {
    let fixture = F::fresh().await;
    let log = fixture.open().await;
    let mut tail = ok(soon(log.tail(&Topic::ALL)).await);
    let events = messages(1, 0..100);
    let appending = async {
        for batch in events.chunks(5) {
            append(log.as_ref(), batch).await;
        }
    };
    let reading = async {
        let mut records = Vec::new();
        while records.len() < events.len() {
            if let Ok(read) = timeout(Duration::from_micros(300), tail.next(3)).await {
                records.extend(ok(read));
            }
        }
        records
    };
    let ((), records) = soon(async { tokio::join!(appending, reading) }).await;
    assert_eq!(ids(&records), ids_of(&events));
}
