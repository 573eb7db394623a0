//! Views are built beside those in use and take their place (decision 14).

use std::sync::Arc;

use colloquy_contracts::{RoomId, Seq};
use uuid::Uuid;

use super::{CREATOR, EVERYTHING, MEMBER, ROOM, load, message, room_at, rooms};
use crate::{
    projections,
    room_state::RoomState,
    view_store::{RebuildStore, ViewStore, ViewStoreError, ViewWrite, read_marker},
};

const FIRST_VERSION: i64 = 1 << 50;

/// The room with so many messages, the last of them marked.
fn room_with(messages: i64) -> (RoomState, ViewWrite) {
    let sent: Vec<_> = (1..=messages)
        .map(|seq| message(ROOM, 1000 + seq, seq))
        .collect();
    let mut room = room_at(ROOM, 1_700_000_000_001);
    for one in &sent {
        projections::message_sent::apply(&mut room, one);
    }
    let marker = read_marker(ROOM, MEMBER, sent.last().unwrap().message_id);
    room.markers.insert(MEMBER, marker.last_read_message_id);
    let write = ViewWrite {
        messages: sent,
        markers: vec![marker],
        rooms: vec![room.clone()],
        ..ViewWrite::default()
    };
    (room, write)
}

async fn messages(store: &dyn ViewStore) -> usize {
    store.history(ROOM, EVERYTHING).await.unwrap().len()
}

fn is_overtaken(outcome: &Result<(), ViewStoreError>) -> bool {
    matches!(outcome, Err(ViewStoreError::Defect(_)))
}

/// What is built beside is invisible before the replacement and complete after it; the old views are gone, and writing goes
/// on.
pub async fn decision_14_views_built_beside_take_the_place_of_those_in_use(
    reopen: &impl AsyncFn() -> Arc<dyn RebuildStore>,
) {
    let (serving, rebuilding) = (reopen().await, reopen().await);
    let (old, write) = room_with(1);
    serving.save(&write).await.unwrap();
    let gone = room_at(RoomId(7), 5);
    serving.save(&rooms(vec![gone])).await.unwrap();
    let id = Uuid::new_v4();
    let next = rebuilding.begin(id, FIRST_VERSION).await.unwrap();
    let (room, write) = room_with(3);
    next.save(&write).await.unwrap();
    assert_eq!(messages(serving.as_ref()).await, 1);
    assert_eq!(serving.room(ROOM).await.unwrap(), old.view());

    rebuilding.lock(id).await.unwrap();
    rebuilding.replace(id).await.unwrap();
    let fresh = reopen().await;
    for store in [&serving, &fresh] {
        assert_eq!(messages(store.as_ref()).await, 3);
        assert_eq!(store.room(ROOM).await.unwrap(), room.view());
        let listed = store.rooms_of(MEMBER).await.unwrap();
        assert_eq!(listed, [room.view().unwrap()]);
        assert_eq!(store.markers(ROOM).await.unwrap(), write.markers);
        assert!(store.is_member(ROOM, CREATOR).await.unwrap());
        assert!(store.parked(None, 10).await.unwrap().is_empty());
    }
    let again = load(serving.as_ref(), ROOM).await;
    serving.save(&rooms(vec![again])).await.unwrap();
}

/// Queries go on; a projector has to wait, and learns for which rebuild.
pub async fn decision_14_locked_views_are_read_and_not_folded_into(
    reopen: &impl AsyncFn() -> Arc<dyn RebuildStore>,
) {
    let (serving, rebuilding) = (reopen().await, reopen().await);
    let (room, write) = room_with(2);
    serving.save(&write).await.unwrap();
    let id = Uuid::new_v4();
    rebuilding.begin(id, FIRST_VERSION).await.unwrap();
    rebuilding.lock(id).await.unwrap();
    // A batch of no room may still park events.
    for asked in [&[ROOM][..], &[RoomId(404)], &[]] {
        let refusal = serving.load_rooms(asked).await;
        assert!(
            matches!(refusal, Err(ViewStoreError::Locked(owner)) if owner == id),
            "{refusal:?}"
        );
    }
    assert_eq!(messages(serving.as_ref()).await, 2);
    assert_eq!(serving.room(ROOM).await.unwrap(), room.view());
    assert_eq!(serving.rooms_of(MEMBER).await.unwrap().len(), 1);
    assert_eq!(serving.highest_seq(ROOM).await.unwrap(), Some(Seq(2)));
    serving.abandon(id).await.unwrap();
    load(serving.as_ref(), ROOM).await;
}

/// However often the room was stored in the old or the new views: the batch must be folded again.
pub async fn decision_14_a_batch_loaded_before_the_replacement_is_a_conflict(
    reopen: &impl AsyncFn() -> Arc<dyn RebuildStore>,
) {
    let (serving, rebuilding) = (reopen().await, reopen().await);
    serving.save(&room_with(1).1).await.unwrap();
    let known = load(serving.as_ref(), ROOM).await;
    let new_there = room_at(RoomId(8), 5);
    let id = Uuid::new_v4();
    let next = rebuilding.begin(id, FIRST_VERSION).await.unwrap();
    next.save(&room_with(1).1).await.unwrap();
    next.save(&rooms(vec![new_there.clone()])).await.unwrap();
    rebuilding.lock(id).await.unwrap();
    rebuilding.replace(id).await.unwrap();
    for late in [known, new_there] {
        let refusal = serving.save(&rooms(vec![late])).await;
        assert!(
            matches!(refusal, Err(ViewStoreError::Conflict)),
            "{refusal:?}"
        );
    }
}

/// At any point of the rebuild, and any number of times.
pub async fn decision_14_an_abandoned_rebuild_leaves_the_views_in_use(
    reopen: &impl AsyncFn() -> Arc<dyn RebuildStore>,
) {
    let (serving, rebuilding) = (reopen().await, reopen().await);
    serving.save(&room_with(2).1).await.unwrap();
    for is_locked in [false, true] {
        let id = Uuid::new_v4();
        let next = rebuilding.begin(id, FIRST_VERSION).await.unwrap();
        next.save(&room_with(1).1).await.unwrap();
        if is_locked {
            rebuilding.lock(id).await.unwrap();
        }
        for _ in 0..2 {
            serving.abandon(id).await.unwrap();
        }
        assert!(is_overtaken(&rebuilding.replace(id).await));
        assert!(is_overtaken(&rebuilding.lock(id).await));
        serving.abandon(id).await.unwrap();
        assert_eq!(messages(serving.as_ref()).await, 2);
        load(serving.as_ref(), ROOM).await;
    }
}

/// Even if the earlier one goes on writing: what it then has is not whole.
pub async fn decision_14_a_later_rebuild_overtakes_an_earlier_one(
    reopen: &impl AsyncFn() -> Arc<dyn RebuildStore>,
) {
    let store = reopen().await;
    store.save(&room_with(2).1).await.unwrap();
    let (earlier, later) = (Uuid::new_v4(), Uuid::new_v4());
    let overtaken = store.begin(earlier, FIRST_VERSION).await.unwrap();
    overtaken.save(&room_with(1).1).await.unwrap();
    let next = store.begin(later, FIRST_VERSION + 1).await.unwrap();
    // A store may refuse this, or not know.
    let _ = overtaken.save(&room_with(1).1).await;
    assert!(is_overtaken(&store.lock(earlier).await));
    store.abandon(earlier).await.unwrap();

    next.save(&room_with(3).1).await.unwrap();
    store.lock(later).await.unwrap();
    store.replace(later).await.unwrap();
    assert_eq!(messages(store.as_ref()).await, 3);
}

/// It is about to end.
pub async fn decision_14_a_rebuild_that_has_locked_the_views_is_not_overtaken(
    reopen: &impl AsyncFn() -> Arc<dyn RebuildStore>,
) {
    let store = reopen().await;
    let (owner, other) = (Uuid::new_v4(), Uuid::new_v4());
    let next = store.begin(owner, FIRST_VERSION).await.unwrap();
    next.save(&room_with(3).1).await.unwrap();
    store.lock(owner).await.unwrap();
    let refusal = store.begin(other, FIRST_VERSION + 1).await.map(|_| ());
    assert!(
        matches!(refusal, Err(ViewStoreError::Locked(by)) if by == owner),
        "{refusal:?}"
    );
    assert!(is_overtaken(&store.lock(other).await));
}

/// The answer of its first call may be lost.
pub async fn decision_14_the_owner_of_the_lock_may_lock_again(
    reopen: &impl AsyncFn() -> Arc<dyn RebuildStore>,
) {
    let store = reopen().await;
    let id = Uuid::new_v4();
    let next = store.begin(id, FIRST_VERSION).await.unwrap();
    next.save(&room_with(3).1).await.unwrap();
    for _ in 0..3 {
        store.lock(id).await.unwrap();
    }
    assert!(is_overtaken(&store.lock(Uuid::new_v4()).await));
    store.replace(id).await.unwrap();
    assert_eq!(messages(store.as_ref()).await, 3);
    load(store.as_ref(), ROOM).await;
}
