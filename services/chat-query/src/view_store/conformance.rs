//! What every view store promises: one function a promise, each on a fresh store.

#![expect(clippy::unwrap_used, reason = "a promise that is broken ends its test")]

mod extent;
mod history;
mod parked;
mod rebuild;

use std::sync::Arc;

use colloquy_contracts::{CustomerId, MessageId, RoomId, Seq, Timestamp, views::MessageDocument};

use super::{Page, RebuildStore, ViewStore, ViewStoreError, ViewWrite, read_marker};
use crate::{
    projections,
    room_state::{Created, RoomState},
};

pub use self::{extent::*, history::*, parked::*, rebuild::*};

/// Instantiates the suite for one adapter: `conformance!(fresh)`, where the async function `fresh` answers what
/// opens a store of its own, the same one each time, and whatever must live as long as that store.
#[macro_export]
macro_rules! conformance {
    ($fresh:path) => {
        $crate::conformance! { $fresh:
            an_unknown_room_is_empty,
            what_is_saved_can_be_read,
            what_is_saved_survives_reopening,
            a_repeat_is_harmless,
            b24_a_message_stored_without_its_client_key_is_repeated_with_it,
            decision_7_a_room_may_be_known_by_its_messages_alone,
            a_room_that_moved_is_a_conflict,
            a_room_that_another_writer_stored_first_is_a_conflict,
            history_is_paged_newest_first,
            history_is_all_between_its_bounds_and_nothing_else,
            history_keeps_rooms_apart,
            b05_rooms_are_listed_by_their_newest_id_for_their_members_alone,
            decision_7_a_marker_never_moves_back,
            invariant_5_a_message_id_or_seq_is_used_once,
            f11_it_is_counted_how_much_is_stored_and_what_is_missing,
            f14_partitions_that_were_noted_are_not_lost,
            f14_views_that_were_rebuilt_have_lost_no_partition,
            decision_8_parked_events_are_listed_whole,
            decision_8_a_parked_event_is_found_kept_and_forgotten,
            decision_14_views_built_beside_take_the_place_of_those_in_use,
            decision_14_locked_views_are_read_and_not_folded_into,
            decision_14_a_batch_loaded_before_the_replacement_is_a_conflict,
            decision_14_an_abandoned_rebuild_leaves_the_views_in_use,
            decision_14_a_later_rebuild_overtakes_an_earlier_one,
            decision_14_a_rebuild_that_has_locked_the_views_is_not_overtaken,
            decision_14_the_owner_of_the_lock_may_lock_again,
        }
    };
    ($fresh:path: $($promise:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $promise() {
                let (reopen, _guard) = $fresh().await;
                $crate::view_store::conformance::$promise(&reopen).await;
            }
        )+
    };
}

const CREATOR: CustomerId = CustomerId(1);
const MEMBER: CustomerId = CustomerId(2);
const OUTSIDER: CustomerId = CustomerId(3);
/// Above 2^32 and odd, so that a store that loses precision fails.
const ROOM: RoomId = RoomId((1 << 52) + 1);
const EVERYTHING: Page = Page {
    before: None,
    after_seq: None,
    limit: 100,
};

/// Queries of an unknown room are answered with nothing.
pub async fn an_unknown_room_is_empty(reopen: &impl AsyncFn() -> Arc<dyn RebuildStore>) {
    let store = reopen().await;
    assert!(store.load_rooms(&[ROOM]).await.unwrap().is_empty());
    assert!(store.load_rooms(&[]).await.unwrap().is_empty());
    assert!(store.history(ROOM, EVERYTHING).await.unwrap().is_empty());
    assert!(store.markers(ROOM).await.unwrap().is_empty());
    assert!(store.rooms_of(CREATOR).await.unwrap().is_empty());
    assert!(store.parked(None, 10).await.unwrap().is_empty());
    assert_eq!(store.highest_seq(ROOM).await.unwrap(), None);
    assert!(!store.is_member(ROOM, CREATOR).await.unwrap());
}

/// Everything that was saved is read as it was, to the millisecond and the last bit.
pub async fn what_is_saved_can_be_read(reopen: &impl AsyncFn() -> Arc<dyn RebuildStore>) {
    let store = reopen().await;
    let (room, write) = a_room_with_a_message();
    store.save(&write).await.unwrap();
    assert_has(store.as_ref(), &room, &write).await;
}

/// Closing a store loses nothing.
pub async fn what_is_saved_survives_reopening(reopen: &impl AsyncFn() -> Arc<dyn RebuildStore>) {
    let (room, write) = a_room_with_a_message();
    reopen().await.save(&write).await.unwrap();
    assert_has(reopen().await.as_ref(), &room, &write).await;
}

/// A batch that was stored before, in whole or all but its rooms, changes nothing.
pub async fn a_repeat_is_harmless(reopen: &impl AsyncFn() -> Arc<dyn RebuildStore>) {
    let store = reopen().await;
    let (room, write) = a_room_with_a_message();
    let without_rooms = ViewWrite {
        rooms: Vec::new(),
        ..write.clone()
    };
    store.save(&without_rooms).await.unwrap();
    store.save(&write).await.unwrap();
    store.save(&without_rooms).await.unwrap();
    assert_has(store.as_ref(), &room, &write).await;
}

/// An earlier release stored messages without the key. One that has a key clashes with another key.
pub async fn b24_a_message_stored_without_its_client_key_is_repeated_with_it(
    reopen: &impl AsyncFn() -> Arc<dyn RebuildStore>,
) {
    let store = reopen().await;
    let with_key = |id, key: &str| MessageDocument {
        client_key: Some(key.into()),
        ..message(ROOM, id, id)
    };
    let (earlier, later) = (message(ROOM, 11, 11), message(ROOM, 12, 12));
    assert!(earlier.client_key.is_none() && later.client_key.is_some());
    let both = messages(vec![earlier, later]);
    store.save(&both).await.unwrap();
    let repeats = messages(vec![with_key(11, "one"), with_key(12, "another")]);
    match store.save(&repeats).await {
        Err(ViewStoreError::Clash(indexes)) => assert_eq!(indexes, [1]),
        other => panic!("{other:?}"),
    }
}

/// A message that arrives before its room is kept, and no customer is a member of the room yet.
pub async fn decision_7_a_room_may_be_known_by_its_messages_alone(
    reopen: &impl AsyncFn() -> Arc<dyn RebuildStore>,
) {
    let store = reopen().await;
    let (room, mut write) = a_room_with_a_message();
    write.rooms[0].created = None;
    store.save(&write).await.unwrap();
    assert!(store.rooms_of(MEMBER).await.unwrap().is_empty());
    assert!(!store.is_member(ROOM, MEMBER).await.unwrap());
    assert_eq!(store.highest_seq(ROOM).await.unwrap(), Some(Seq(1)));

    let loaded = load(store.as_ref(), ROOM).await;
    assert_eq!(loaded.created, None);
    let now_created = RoomState {
        created: room.created.clone(),
        ..loaded
    };
    store.save(&rooms(vec![now_created])).await.unwrap();
    assert!(store.is_member(ROOM, MEMBER).await.unwrap());
    assert_eq!(
        store.rooms_of(MEMBER).await.unwrap(),
        [room.view().unwrap()]
    );
}

/// Of two writers that loaded the same version, the second one gets a conflict, and what the first one saved stays.
pub async fn a_room_that_moved_is_a_conflict(reopen: &impl AsyncFn() -> Arc<dyn RebuildStore>) {
    let store = reopen().await;
    store.save(&rooms(vec![room_at(ROOM, 0)])).await.unwrap();
    let loaded = load(store.as_ref(), ROOM).await;
    let mut first = loaded.clone();
    first.markers.insert(CREATOR, MessageId(5));
    let mut second = loaded.clone();
    second.markers.insert(MEMBER, MessageId(6));
    store.save(&rooms(vec![first.clone()])).await.unwrap();
    let refusal = store.save(&rooms(vec![second])).await;
    assert!(
        matches!(refusal, Err(ViewStoreError::Conflict)),
        "{refusal:?}"
    );
    let now = load(store.as_ref(), ROOM).await;
    assert_eq!(now.markers, first.markers);
    assert!(now.version > loaded.version);
}

/// Only one of two writers can store a room as new.
pub async fn a_room_that_another_writer_stored_first_is_a_conflict(
    reopen: &impl AsyncFn() -> Arc<dyn RebuildStore>,
) {
    let store = reopen().await;
    let mut other = room_at(ROOM, 0);
    other.markers.insert(CREATOR, MessageId(9));
    store.save(&rooms(vec![room_at(ROOM, 0)])).await.unwrap();
    let refusal = store.save(&rooms(vec![other])).await;
    assert!(
        matches!(refusal, Err(ViewStoreError::Conflict)),
        "{refusal:?}"
    );
    assert!(load(store.as_ref(), ROOM).await.markers.is_empty());
}

/// By the last message's id, new rooms by their own, and only to those who are in them. The instants are those of a clock
/// that was ahead, and set right, and say nothing.
pub async fn b05_rooms_are_listed_by_their_newest_id_for_their_members_alone(
    reopen: &impl AsyncFn() -> Arc<dyn RebuildStore>,
) {
    let store = reopen().await;
    let written_in = |room, message_id, sent_at| {
        let mut written_in = room_at(RoomId(room), 1_000);
        let sent = MessageDocument {
            sent_at: Timestamp::from_millis(sent_at),
            ..message(RoomId(room), message_id, 1)
        };
        projections::message_sent::apply(&mut written_in, &sent);
        written_in
    };
    let stored = [
        written_in(1, 8, 5_000),
        written_in(2, 6, 9_000_000),
        room_at(RoomId(3), 7_000_000),
        room_at(RoomId(7), 2_000),
        room_at(RoomId(9), 3_000),
    ];
    store.save(&rooms(stored.to_vec())).await.unwrap();
    let ids = async |customer| {
        let rooms = store.rooms_of(customer).await.unwrap();
        rooms.iter().map(|room| room.room_id.0).collect::<Vec<_>>()
    };
    assert_eq!(ids(MEMBER).await, [9, 1, 7, 2, 3]);
    assert_eq!(ids(OUTSIDER).await, [0; 0]);
    assert!(store.is_member(RoomId(3), CREATOR).await.unwrap());
    assert!(!store.is_member(RoomId(3), OUTSIDER).await.unwrap());
    assert!(!store.is_member(RoomId(5), CREATOR).await.unwrap());
}

/// An older marker that comes late leaves the newer one.
pub async fn decision_7_a_marker_never_moves_back(
    reopen: &impl AsyncFn() -> Arc<dyn RebuildStore>,
) {
    let store = reopen().await;
    for last_read in [4, 9, 6] {
        let write = ViewWrite {
            markers: vec![
                read_marker(ROOM, MEMBER, MessageId(last_read)),
                read_marker(ROOM, CREATOR, MessageId(last_read - 3)),
            ],
            ..ViewWrite::default()
        };
        store.save(&write).await.unwrap();
    }
    let expected = [
        read_marker(ROOM, CREATOR, MessageId(6)),
        read_marker(ROOM, MEMBER, MessageId(9)),
    ];
    assert_eq!(store.markers(ROOM).await.unwrap(), expected);
}

/// A message that has the id or the seq of another one is named by its index, and the other one stays.
pub async fn invariant_5_a_message_id_or_seq_is_used_once(
    reopen: &impl AsyncFn() -> Arc<dyn RebuildStore>,
) {
    let store = reopen().await;
    let first = message(ROOM, 10, 1);
    let same_id = MessageDocument {
        content: "another".into(),
        ..first.clone()
    };
    let same_seq = message(ROOM, 11, 1);
    let second = message(ROOM, 12, 2);
    let write = messages(vec![
        first.clone(),
        same_id,
        first.clone(),
        same_seq,
        second.clone(),
    ]);
    match store.save(&write).await {
        Err(ViewStoreError::Clash(indexes)) => assert_eq!(indexes, [1, 3]),
        other => panic!("{other:?}"),
    }
    store
        .save(&messages(vec![first.clone(), second.clone()]))
        .await
        .unwrap();
    assert_eq!(
        store.history(ROOM, EVERYTHING).await.unwrap(),
        [second, first]
    );
}

async fn assert_has(store: &dyn ViewStore, room: &RoomState, write: &ViewWrite) {
    let loaded = load(store, ROOM).await;
    let expected = RoomState {
        version: loaded.version,
        ..room.clone()
    };
    assert_eq!(loaded, expected);
    assert_eq!(
        store.rooms_of(MEMBER).await.unwrap(),
        [room.view().unwrap()]
    );
    assert_eq!(
        store.history(ROOM, EVERYTHING).await.unwrap(),
        write.messages
    );
    assert_eq!(store.markers(ROOM).await.unwrap(), write.markers);
    assert_eq!(store.highest_seq(ROOM).await.unwrap(), Some(Seq(1)));
    assert!(store.is_member(ROOM, CREATOR).await.unwrap());
}

async fn load(store: &dyn ViewStore, id: RoomId) -> RoomState {
    let mut rooms = store.load_rooms(&[id, RoomId(404)]).await.unwrap();
    assert_eq!(rooms.len(), 1);
    rooms.remove(&id).unwrap()
}

fn a_room_with_a_message() -> (RoomState, ViewWrite) {
    let sent = message(ROOM, (1 << 52) + 3, 1);
    let mut room = room_at(ROOM, 1_700_000_000_001);
    projections::message_sent::apply(&mut room, &sent);
    room.markers.insert(MEMBER, sent.message_id);
    let write = ViewWrite {
        messages: vec![sent.clone()],
        markers: vec![read_marker(ROOM, MEMBER, sent.message_id)],
        rooms: vec![room.clone()],
        ..ViewWrite::default()
    };
    (room, write)
}

fn room_at(id: RoomId, created_at: i64) -> RoomState {
    RoomState {
        created: Some(Created {
            room_name: "Phòng “1”\n\\".into(),
            created_by: CREATOR,
            created_at: Timestamp::from_millis(created_at),
            participants: vec![CREATOR, MEMBER],
        }),
        ..RoomState::unknown(id)
    }
}

fn message(room_id: RoomId, id: i64, seq: i64) -> MessageDocument {
    MessageDocument {
        message_id: MessageId(id),
        room_id,
        sender_id: CREATOR,
        sender_full_name: "Vũ Thanh Hải".into(),
        content: format!("\"{seq}\" 👋\u{2028}'; --"),
        sent_at: Timestamp::from_millis(1_700_000_000_123 + seq),
        seq: Seq(seq),
        client_key: (id % 2 == 0).then(|| format!("key-{id}")),
    }
}

fn rooms(rooms: Vec<RoomState>) -> ViewWrite {
    ViewWrite {
        rooms,
        ..ViewWrite::default()
    }
}

fn messages(messages: Vec<MessageDocument>) -> ViewWrite {
    ViewWrite {
        messages,
        ..ViewWrite::default()
    }
}
