//! Parked events are kept whole, each once, until they are projected.

use std::sync::Arc;

use bytes::Bytes;
use colloquy_contracts::{Timestamp, Topic};

use crate::{
    parked::{LogPosition, ParkedEvent},
    view_store::{RebuildStore, ViewWrite},
};

/// Parked events are kept byte for byte, each once, in the order of the log.
pub async fn decision_8_parked_events_are_listed_whole(
    reopen: &impl AsyncFn() -> Arc<dyn RebuildStore>,
) {
    let store = reopen().await;
    assert_eq!(store.count_parked().await.unwrap(), 0);
    for events in [
        vec![parked(1, 5), parked(0, 12)],
        vec![parked(0, 12), parked(0, 7)],
    ] {
        let write = ViewWrite {
            parked: events,
            ..ViewWrite::default()
        };
        store.save(&write).await.unwrap();
    }
    let expected = [parked(0, 7), parked(0, 12), parked(1, 5)];
    assert_eq!(store.parked(None, 10).await.unwrap(), expected);
    assert_eq!(store.count_parked().await.unwrap(), 3);
    assert_eq!(store.parked(None, 2).await.unwrap(), expected[..2]);
    for behind in 0..3 {
        let page = store.parked(Some(&expected[behind].position), 10).await;
        assert_eq!(page.unwrap(), expected[behind + 1..]);
    }
}

/// What was tried in vain says so; what was projected is gone; the others stay as they are.
pub async fn decision_8_a_parked_event_is_found_kept_and_forgotten(
    reopen: &impl AsyncFn() -> Arc<dyn RebuildStore>,
) {
    let store = reopen().await;
    let (one, other) = (parked(0, 1), parked(0, 2));
    let write = ViewWrite {
        parked: vec![one.clone(), other.clone()],
        ..ViewWrite::default()
    };
    store.save(&write).await.unwrap();
    let found = async |event: &ParkedEvent| store.parked_at(&event.position).await.unwrap();
    assert_eq!(found(&one).await.as_ref(), Some(&one));
    assert_eq!(found(&parked(1, 1)).await, None);

    let tried = ParkedEvent {
        reason: "another reason".into(),
        tries: 2,
        ..one.clone()
    };
    store.keep_parked(&tried).await.unwrap();
    // Read once more in its turn, it is the same event.
    store.save(&write).await.unwrap();
    assert_eq!(found(&one).await.as_ref(), Some(&tried));

    store.forget_parked(&one.position).await.unwrap();
    store.forget_parked(&one.position).await.unwrap();
    store.keep_parked(&tried).await.unwrap();
    assert_eq!(store.parked(None, 10).await.unwrap(), [other]);
}

fn parked(partition: i32, offset: i64) -> ParkedEvent {
    ParkedEvent {
        position: LogPosition {
            topic: Topic::ChatMessageSent,
            partition,
            offset,
        },
        key: "\u{feff}not a number".into(),
        event_id: String::new(),
        payload: Bytes::from_static(b"\x00\xff{"),
        reason: "the value cannot be decoded".into(),
        parked_at: Timestamp::from_millis(1_700_000_000_001),
        tries: 1,
    }
}
