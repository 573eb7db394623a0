//! The audit trail is read from its beginning, whatever groups have committed.

use std::collections::BTreeSet;

use colloquy_contracts::Topic;

use super::{
    Fixture,
    events::{append, event, ids, ids_of, messages, take},
    ok, soon,
};
use crate::event_log::{Record, TrailReader};

/// Everything up to the noted end.
async fn read(trail: &mut dyn TrailReader) -> Vec<Record> {
    let mut records = Vec::new();
    loop {
        let next = ok(soon(trail.next(7)).await);
        if next.is_empty() {
            return records;
        }
        assert!(next.len() <= 7);
        records.extend(next);
    }
}

/// All write topics and no other, each room in its order; what comes later is read once its end is noted.
pub async fn decision_14_a_trail_goes_from_the_beginning_to_the_noted_end<F: Fixture>() {
    let fixture = F::fresh().await;
    let (log, trail) = (fixture.open().await, fixture.open_trail().await);
    let sent = messages(1, 0..20);
    append(log.as_ref(), &sent).await;
    append(log.as_ref(), &Topic::ALL.map(|topic| event(topic, 2, 1))).await;
    let mut group = ok(soon(log.join("group")).await);
    let committed = take(group.as_mut(), 23).await;
    ok(soon(group.commit(&committed)).await);

    let mut reader = ok(soon(trail.read_from_beginning()).await);
    let records = read(reader.as_mut()).await;
    let topics: BTreeSet<_> = records.iter().map(|record| record.topic).collect();
    assert_eq!(topics, BTreeSet::from(Topic::WRITE));
    assert_eq!(records.len(), 23);
    let of_room: Vec<_> = records.into_iter().filter(|one| one.key == "1").collect();
    assert_eq!(ids(&of_room), ids_of(&sent));

    let later = messages(1, 20..25);
    append(log.as_ref(), &later).await;
    assert_eq!(ok(soon(reader.next(7)).await), []);
    ok(soon(reader.note_end()).await);
    assert_eq!(ids(&read(reader.as_mut()).await), ids_of(&later));
}

/// There is nothing to wait for.
pub async fn decision_14_a_trail_of_nothing_ends_at_once<F: Fixture>() {
    let fixture = F::fresh().await;
    let _log = fixture.open().await;
    let trail = fixture.open_trail().await;
    let mut reader = ok(soon(trail.read_from_beginning()).await);
    assert_eq!(ok(soon(reader.next(7)).await), []);
}
