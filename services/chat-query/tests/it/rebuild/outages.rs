//! A part is away for a moment while views are rebuilt, or for good.

use std::future::pending;

use async_trait::async_trait;
use colloquy_chassis::SystemClock;
use colloquy_chat_query::rebuild::{RebuildError, WithLess, rebuild};
use colloquy_event_log::{AuditTrail, EventLogError, Record, TrailReader};
use uuid::Uuid;

use super::{ROOMS, digest, reaches, what_happens};
use crate::{
    events::{appended, room_created},
    faulty_store::{Failing, FaultyStore},
    service::Parts,
};

on_both! {
    p5_a_rebuild_waits_for_a_store_that_is_away_for_a_moment_whatever_it_is_doing,
}

mod kafka_and_a_mongodb_whose_answers_are_lost {
    use super::{Failing, Parts, rebuilds_while_every_step_fails_once};

    /// In one file no answer is lost: a transaction that fails has done nothing.
    #[tokio::test(flavor = "multi_thread")]
    async fn p5_a_rebuild_goes_on_after_a_lost_answer_whatever_it_is_doing() {
        rebuilds_while_every_step_fails_once(&Parts::distributed().await, Failing::After).await;
    }
}

async fn p5_a_rebuild_waits_for_a_store_that_is_away_for_a_moment_whatever_it_is_doing(
    parts: &Parts,
) {
    rebuilds_while_every_step_fails_once(parts, Failing::Before).await;
}

async fn rebuilds_while_every_step_fails_once(parts: &Parts, failing: Failing) {
    let service = parts.start();
    let mut events: Vec<_> = (1..=ROOMS).map(room_created).collect();
    events.extend((1..=10).flat_map(what_happens));
    parts.append(&appended(&events)).await;
    reaches(parts.store.as_ref(), 10).await;
    let before = digest(parts.store.as_ref()).await;
    let store = FaultyStore::failing(parts.rebuilding.clone(), Some(failing));
    let (trail, id) = (parts.trail.as_ref(), Uuid::new_v4());
    let rebuilt = rebuild(&store, trail, &SystemClock, id, WithLess::Refuse).await;
    assert_eq!(rebuilt.unwrap().events, events.len() as u64);
    let steps = ["begin", "extent", "lock", "replace"];
    assert_eq!(store.failed(), steps.into());
    assert_eq!(digest(parts.store.as_ref()).await, before);
    parts
        .append(&appended(&what_happens(11).collect::<Vec<_>>()))
        .await;
    reaches(parts.store.as_ref(), 11).await;
    service.end().await;
}

/// A log that answers nothing any more; the paused clock advances by itself while a task waits for it.
struct Silent;

#[async_trait]
impl AuditTrail for Silent {
    async fn read_from_beginning(&self) -> Result<Box<dyn TrailReader>, EventLogError> {
        tokio::time::pause();
        Ok(Box::new(Self))
    }
}

#[async_trait]
impl TrailReader for Silent {
    async fn next(&mut self, _max: usize) -> Result<Vec<Record>, EventLogError> {
        pending().await
    }

    async fn note_end(&mut self) -> Result<(), EventLogError> {
        Ok(())
    }
}

#[tokio::test]
async fn p6_a_rebuild_ends_when_the_log_brings_nothing_any_more() {
    let parts = Parts::embedded().await;
    let store = parts.rebuilding.as_ref();
    let id = Uuid::new_v4();
    let outcome = rebuild(store, &Silent, &SystemClock, id, WithLess::Refuse).await;
    assert!(
        matches!(
            outcome,
            Err(RebuildError::Log(EventLogError::Unavailable(_)))
        ),
        "{outcome:?}"
    );
}
