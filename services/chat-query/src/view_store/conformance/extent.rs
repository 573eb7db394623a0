//! How much there is, and whether all that the log holds was read into it.

use std::sync::Arc;

use colloquy_contracts::{MessageId, RoomId};
use uuid::Uuid;

use super::{MEMBER, message, messages, room_at, rooms};
use crate::{
    projections,
    room_state::RoomState,
    view_store::{Extent, RebuildStore},
};

/// A room counts when it is known how it began; the row that locks the views is no room.
pub async fn f11_it_is_counted_how_much_is_stored_and_what_is_missing(
    reopen: &impl AsyncFn() -> Arc<dyn RebuildStore>,
) {
    let store = reopen().await;
    let counted = async |rooms, messages, missing| {
        let expected = Extent {
            rooms,
            messages,
            missing,
        };
        assert_eq!(store.extent().await.unwrap(), expected);
    };
    counted(0, 0, 0).await;
    let mut newest = room_at(RoomId(1), 5);
    let sent = [1, 4].map(|seq| message(RoomId(1), 100 + seq, seq));
    for one in &sent {
        projections::message_sent::apply(&mut newest, one);
    }
    let mut unknown = RoomState::unknown(RoomId(2));
    unknown.markers.insert(MEMBER, MessageId(3));
    store.save(&messages(sent.to_vec())).await.unwrap();
    let stored = vec![newest, unknown, room_at(RoomId(3), 5)];
    store.save(&rooms(stored)).await.unwrap();
    counted(2, 2, 3).await;
    let id = Uuid::new_v4();
    let next = store.begin(id, 1 << 50).await.unwrap();
    store.lock(id).await.unwrap();
    counted(2, 2, 3).await;
    assert_eq!(next.extent().await.unwrap(), Extent::default());
}

/// Also by another instance that opens them.
pub async fn f14_partitions_that_were_noted_are_not_lost(
    reopen: &impl AsyncFn() -> Arc<dyn RebuildStore>,
) {
    for noted in [&[0, 3][..], &[1], &[3]] {
        reopen().await.note_partitions(noted).await.unwrap();
    }
    let lost = reopen().await.lost_partitions(&[0, 1, 3]).await.unwrap();
    assert_eq!(lost, [0; 0]);
    assert!(reopen().await.load_rooms(&[]).await.unwrap().is_empty());
}

/// They are filled from the beginning of all.
pub async fn f14_views_that_were_rebuilt_have_lost_no_partition(
    reopen: &impl AsyncFn() -> Arc<dyn RebuildStore>,
) {
    let store = reopen().await;
    let id = Uuid::new_v4();
    store.begin(id, 1 << 50).await.unwrap();
    store.lock(id).await.unwrap();
    store.replace(id).await.unwrap();
    assert_eq!(store.lost_partitions(&[0, 7]).await.unwrap(), [0; 0]);
    store.note_partitions(&[7]).await.unwrap();
    assert_eq!(store.lost_partitions(&[0, 7]).await.unwrap(), [0; 0]);
}
