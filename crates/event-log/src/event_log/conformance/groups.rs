//! Groups share the write topics and keep a position.

use std::time::Duration;

use colloquy_contracts::Topic;
use tokio::time::timeout;

use super::{
    Fixture,
    events::{append, event, ids, ids_of, messages, take},
    ok, soon,
};
use crate::event_log::{GroupReader, Rewound};

/// Before it joined and after.
pub async fn a_group_reads_all_write_topics_and_no_other<F: Fixture>() {
    let fixture = F::fresh().await;
    let log = fixture.open().await;
    let events = |number| Topic::ALL.map(|topic| event(topic, 1, number));
    append(log.as_ref(), &events(1)).await;
    let mut reader = ok(log.join("group").await);
    let mut records = take(reader.as_mut(), 3).await;
    append(log.as_ref(), &events(2)).await;
    records.extend(take(reader.as_mut(), 3).await);
    let mut topics: Vec<_> = records.iter().map(|record| record.topic).collect();
    topics.sort_unstable();
    let mut expected = [Topic::WRITE, Topic::WRITE].concat();
    expected.sort_unstable();
    assert_eq!(topics, expected);
}

/// `max` is a bound.
pub async fn a_read_is_no_longer_than_asked_for<F: Fixture>() {
    let fixture = F::fresh().await;
    let log = fixture.open().await;
    append(log.as_ref(), &messages(1, 0..10)).await;
    let mut reader = ok(log.join("group").await);
    for max in [1, 2, 3] {
        let records = ok(soon(reader.next(max)).await);
        assert!(
            (1..=max).contains(&records.len()),
            "{} of {max}",
            records.len()
        );
    }
}

/// What was committed is not read again, what was read and not committed is.
pub async fn invariant_4_a_new_member_resumes_behind_the_commit<F: Fixture>() {
    let fixture = F::fresh().await;
    let log = fixture.open().await;
    let events = messages(1, 0..10);
    append(log.as_ref(), &events).await;
    let mut reader = ok(log.join("group").await);
    let records = take(reader.as_mut(), 10).await;
    ok(soon(reader.commit(&records[..4])).await);
    drop(reader);
    let mut reader = ok(log.join("group").await);
    let records = take(reader.as_mut(), 6).await;
    assert_eq!(ids(&records), ids_of(&events[4..]));
    ok(soon(reader.commit(&records)).await);
    drop((reader, log));
    let log = fixture.open().await;
    let mut reader = ok(log.join("group").await);
    let later = messages(1, 10..12);
    append(log.as_ref(), &later).await;
    assert_eq!(ids(&take(reader.as_mut(), 2).await), ids_of(&later));
}

/// Also a commit of nothing.
pub async fn a_commit_made_twice_is_as_one<F: Fixture>() {
    let fixture = F::fresh().await;
    let log = fixture.open().await;
    let events = messages(1, 0..5);
    append(log.as_ref(), &events).await;
    let mut reader = ok(log.join("group").await);
    let records = take(reader.as_mut(), 5).await;
    for committed in [&records[..3], &records[..3], &[]] {
        ok(soon(reader.commit(committed)).await);
    }
    drop(reader);
    let mut reader = ok(log.join("group").await);
    assert_eq!(ids(&take(reader.as_mut(), 2).await), ids_of(&events[3..]));
}

/// It waits for records meanwhile, of which there may be none.
pub async fn b27_a_member_knows_when_its_group_has_met<F: Fixture>() {
    let fixture = F::fresh().await;
    let log = fixture.open().await;
    let mut reader = ok(log.join("group").await);
    let assigned = reader.assigned();
    soon(async {
        tokio::select! {
            () = assigned => {}
            records = reader.next(1) => panic!("nothing was appended: {records:?}"),
        }
    })
    .await;
}

/// Each reads everything, and neither moves the other.
pub async fn two_groups_are_independent<F: Fixture>() {
    let fixture = F::fresh().await;
    let log = fixture.open().await;
    let events = messages(1, 0..5);
    append(log.as_ref(), &events).await;
    let mut one = ok(log.join("one").await);
    let records = take(one.as_mut(), 5).await;
    ok(soon(one.commit(&records)).await);
    let mut other = ok(log.join("other").await);
    assert_eq!(ids(&take(other.as_mut(), 5).await), ids_of(&events));
}

/// What was fetched ahead is not read in between, the answer says what had been committed, and the next member begins there
/// too.
pub async fn f14_a_group_that_is_moved_back_reads_from_the_beginning_again<F: Fixture>() {
    let fixture = F::fresh().await;
    let log = fixture.open().await;
    let events = messages(1, 0..300);
    append(log.as_ref(), &events).await;
    let mut reader = ok(log.join("group").await);
    let records = take(reader.as_mut(), 100).await;
    ok(soon(reader.commit(&records[..60])).await);
    let next = records[60].offset;

    let rewound = rewind_all(reader.as_mut()).await;
    let of_messages = |one: &&Rewound| {
        one.topic == Topic::ChatMessageSent && one.partition == records[0].partition
    };
    assert_eq!(
        rewound.iter().find(of_messages).map(|one| one.from),
        Some(next)
    );
    let again = take(reader.as_mut(), 300).await;
    assert_eq!(ids(&again), ids_of(&events));
    drop(reader);
    let mut reader = ok(log.join("group").await);
    assert_eq!(ids(&take(reader.as_mut(), 300).await), ids_of(&events));
}

/// The answer names the partitions that were moved: none that the member does not have.
pub async fn f14_what_another_member_reads_is_not_moved_back<F: Fixture>() {
    const UNASSIGNED: i32 = 4_000;
    let fixture = F::fresh().await;
    let log = fixture.open().await;
    append(log.as_ref(), &messages(1, 0..5)).await;
    let mut reader = ok(log.join("group").await);
    take(reader.as_mut(), 5).await;
    assert_eq!(ok(soon(reader.rewind(&[UNASSIGNED])).await), []);
    append(log.as_ref(), &messages(1, 5..6)).await;
    assert_eq!(
        ids(&take(reader.as_mut(), 1).await),
        ids_of(&messages(1, 5..6))
    );
}

/// Kafka's client does not go back in a partition whose reading has not quite begun.
async fn rewind_all(reader: &mut dyn GroupReader) -> Vec<Rewound> {
    let partitions = ok(reader.partitions());
    assert!(!partitions.is_empty());
    soon(async {
        loop {
            match reader.rewind(&partitions).await {
                Ok(rewound) if rewound.len() == partitions.len() * Topic::WRITE.len() => {
                    return rewound;
                }
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    })
    .await
}

/// A read that is given up again and again loses nothing and repeats nothing.
pub async fn next_of_a_group_is_cancel_safe<F: Fixture>() {
    let fixture = F::fresh().await;
    let log = fixture.open().await;
    let events = messages(1, 0..100);
    let mut reader = ok(log.join("group").await);
    let appending = async {
        for batch in events.chunks(5) {
            append(log.as_ref(), batch).await;
        }
    };
    let reading = async {
        let mut records = Vec::new();
        while records.len() < events.len() {
            if let Ok(read) = timeout(Duration::from_micros(300), reader.next(3)).await {
                records.extend(ok(read));
            }
        }
        records
    };
    let ((), records) = soon(async { tokio::join!(appending, reading) }).await;
    assert_eq!(ids(&records), ids_of(&events));
}
