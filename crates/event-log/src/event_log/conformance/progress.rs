//! How far groups have come.

use colloquy_contracts::Topic;

use super::{
    Fixture,
    events::{append, event, take},
    ok, soon,
};
use crate::event_log::GroupProgress;

/// How many records there are, and how many of them the group has behind it.
async fn of_group(watching: &dyn GroupProgress, group: &str) -> (i64, i64) {
    let progress = ok(soon(watching.progress(group)).await);
    let partitions: Vec<_> = progress.iter().map(|one| one.partition).collect();
    assert!(partitions.is_sorted() && !partitions.is_empty());
    assert!(progress.iter().all(|one| one.position <= one.end));
    let end = progress.iter().map(|one| one.end).sum();
    (end, progress.iter().map(|one| one.position).sum())
}

/// What was read and not committed does not count, and neither does an announcement.
pub async fn invariant_4_the_progress_of_a_group_is_what_it_has_committed<F: Fixture>() {
    let fixture = F::fresh().await;
    let log = fixture.open().await;
    let watching = fixture.open_progress().await;
    assert_eq!(of_group(watching.as_ref(), "group").await, (0, 0));
    for number in 1..=2 {
        append(
            log.as_ref(),
            &Topic::ALL.map(|topic| event(topic, 1, number)),
        )
        .await;
    }
    assert_eq!(of_group(watching.as_ref(), "group").await, (6, 0));
    let mut reader = ok(log.join("group").await);
    let records = take(reader.as_mut(), 6).await;
    assert_eq!(of_group(watching.as_ref(), "group").await, (6, 0));
    ok(soon(reader.commit(&records)).await);
    assert_eq!(of_group(watching.as_ref(), "group").await, (6, 6));
    assert_eq!(of_group(watching.as_ref(), "another").await, (6, 0));
    append(log.as_ref(), &[event(Topic::ChatMessageSent, 1, 3)]).await;
    assert_eq!(of_group(watching.as_ref(), "group").await, (7, 6));
    drop(reader);
    assert_eq!(of_group(watching.as_ref(), "group").await, (7, 6));
}
