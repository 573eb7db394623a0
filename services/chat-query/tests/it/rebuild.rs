//! Rebuilding the views of a running system (decision 14).

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use colloquy_chassis::SystemClock;
use colloquy_chat_query::{
    ViewStore,
    rebuild::{RebuildError, Rebuilt, WithLess, rebuild},
    view_store::{Extent, Page, ViewWrite},
};
use colloquy_contracts::{CustomerId, RoomId, Seq, Topic, events::WriteEvent};
use colloquy_event_log::NewEvent;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::{
    events::{CREATOR, MEMBER, appended, garbage, marker_moved, message_sent, room_created},
    service::{Parts, eventually},
};

macro_rules! on_both {
    ($($promise:ident),+ $(,)?) => {
        mod embedded {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $promise() {
                    super::$promise(&super::Parts::embedded().await).await;
                }
            )+
        }
        mod kafka_and_mongodb {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $promise() {
                    super::$promise(&super::Parts::distributed().await).await;
                }
            )+
        }
    };
}

// Behind the macro, which it uses.
mod outages;

on_both! {
    decision_14_a_rebuild_under_load_is_not_noticed_and_equal_byte_for_byte,
    f14_views_that_were_spoiled_are_as_they_were_after_a_rebuild,
    f11_what_is_republished_gives_the_same_views_and_is_not_announced,
    f11_a_log_that_holds_less_replaces_the_views_only_by_order,
    f18_what_is_parked_is_parked_again_by_a_rebuild,
    f18_an_event_that_is_parked_for_ever_does_not_stop_a_rebuild,
    decision_14_the_lock_of_a_rebuild_that_died_is_released,
}

const ROOMS: i64 = 4;
const EVERYTHING: Page = Page {
    before: None,
    after_seq: None,
    limit: 10_000,
};

/// All that queries can read, as bytes.
pub async fn digest(store: &dyn ViewStore) -> Vec<u8> {
    let mut digest = Vec::new();
    for customer in 1..=3 {
        let rooms = store.rooms_of(CustomerId(customer)).await.unwrap();
        digest.extend(serde_json::to_vec(&rooms).unwrap());
    }
    for room in (1..=ROOMS).map(RoomId) {
        let history = store.history(room, EVERYTHING).await.unwrap();
        digest.extend(serde_json::to_vec(&history).unwrap());
        let markers = store.markers(room).await.unwrap();
        digest.extend(serde_json::to_vec(&markers).unwrap());
        digest.extend(format!("{:?}", store.highest_seq(room).await.unwrap()).bytes());
    }
    for parked in store.parked(None, 10_000).await.unwrap() {
        digest.extend(parked.position.to_string().bytes());
        digest.extend(parked.payload);
    }
    digest
}

/// Rebuilds from everything, and answers how many events that was.
pub async fn run_rebuild(parts: &Parts) -> u64 {
    let rebuilt = try_to_rebuild(parts, parts, WithLess::Refuse).await;
    rebuilt.unwrap().events
}

/// Rebuilds the views of these parts from the log of others.
async fn try_to_rebuild(
    parts: &Parts,
    logged: &Parts,
    with_less: WithLess,
) -> Result<Rebuilt, RebuildError> {
    let (store, trail) = (parts.rebuilding.as_ref(), logged.trail.as_ref());
    let rebuilt = rebuild(store, trail, &SystemClock, Uuid::new_v4(), with_less);
    timeout(Duration::from_secs(60), rebuilt)
        .await
        .expect("rebuilt in time")
}

fn what_happens(seq: i64) -> impl Iterator<Item = WriteEvent> {
    (1..=ROOMS).flat_map(move |room| {
        [
            message_sent(room, seq, if seq % 3 == 0 { MEMBER } else { CREATOR }),
            marker_moved(room, MEMBER, seq),
        ]
    })
}

async fn reaches(store: &dyn ViewStore, seq: i64) {
    for room in (1..=ROOMS).map(RoomId) {
        eventually(async || store.highest_seq(room).await.unwrap() == Some(Seq(seq))).await;
    }
    for room in (1..=ROOMS).map(RoomId) {
        let marked = async || {
            let markers = store.markers(room).await.unwrap();
            markers.iter().any(|one| {
                one.customer_id == MEMBER
                    && one.last_read_message_id == crate::events::message_id(room.0, seq)
            })
        };
        eventually(marked).await;
    }
}

/// Whatever was read once is read again, at any moment but for the gap that the store may have.
async fn reads_go_on(parts: &Parts, until: &AtomicBool) -> u64 {
    let (store, gap) = (parts.store.as_ref(), parts.gap());
    let (mut reads, mut newest_read) = (0, vec![0; 5]);
    while !until.load(Ordering::SeqCst) {
        for room in 1..=ROOMS {
            let began = Instant::now();
            let history = loop {
                let history = store.history(RoomId(room), EVERYTHING).await.unwrap();
                if !history.is_empty() || began.elapsed() >= gap {
                    break history;
                }
            };
            let seqs: Vec<_> = history.iter().map(|one| one.seq.0).collect();
            let newest = seqs.first().copied().unwrap_or(0);
            let all: Vec<_> = (1..=newest).rev().collect();
            assert_eq!(seqs, all, "a gap in room {room}");
            let last = &mut newest_read[usize::try_from(room).unwrap()];
            assert!(*last <= newest, "room {room} had {last}, now {newest}");
            *last = newest;
            let began = Instant::now();
            while !store.is_member(RoomId(room), MEMBER).await.unwrap() {
                assert!(began.elapsed() < gap, "no member of room {room}");
            }
            reads += 1;
        }
    }
    reads
}

async fn decision_14_a_rebuild_under_load_is_not_noticed_and_equal_byte_for_byte(parts: &Parts) {
    const BEFORE: i64 = 150;
    const AFTER: i64 = 300;
    let service = parts.start();
    parts
        .append(&appended(
            &(1..=ROOMS).map(room_created).collect::<Vec<_>>(),
        ))
        .await;
    for seqs in (1..=BEFORE).collect::<Vec<_>>().chunks(25) {
        let events: Vec<_> = seqs.iter().flat_map(|&seq| what_happens(seq)).collect();
        parts.append(&appended(&events)).await;
    }
    reaches(parts.store.as_ref(), BEFORE).await;

    let mut announcements = parts.announcements().await;
    let (done, rebuilt) = (AtomicBool::new(false), AtomicBool::new(false));
    let writing = async {
        for seq in BEFORE + 1..=AFTER {
            let events: Vec<_> = what_happens(seq).collect();
            parts.append(&appended(&events)).await;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let rebuilding = async {
        let mut times = 0;
        while !done.load(Ordering::SeqCst) {
            run_rebuild(parts).await;
            times += 1;
        }
        rebuilt.store(true, Ordering::SeqCst);
        times
    };
    let writing = async {
        writing.await;
        done.store(true, Ordering::SeqCst);
    };
    let ((), times, reads) = tokio::join!(writing, rebuilding, reads_go_on(parts, &rebuilt));
    assert!(times >= 1 && reads >= 10, "{times} rebuilds, {reads} reads");
    reaches(parts.store.as_ref(), AFTER).await;
    let (afresh, _folder) = parts.projected_afresh().await;
    assert!(digest(parts.store.as_ref()).await == digest(afresh.as_ref()).await);
    // Only the projector announced the messages, each under an id of its own.
    let last = format!(
        "room-updated:message:{}",
        crate::events::message_id(1, AFTER)
    );
    loop {
        let (id, _) = announcements.next(1).await.remove(0);
        if id == last {
            break;
        }
    }
    service.end().await;
}

async fn f14_views_that_were_spoiled_are_as_they_were_after_a_rebuild(parts: &Parts) {
    let service = parts.start();
    let mut events: Vec<_> = (1..=ROOMS).map(room_created).collect();
    events.extend((1..=10).flat_map(what_happens));
    parts.append(&appended(&events)).await;
    reaches(parts.store.as_ref(), 10).await;
    service.end().await;
    let before = digest(parts.store.as_ref()).await;
    let spoilt = ViewWrite {
        messages: vec![match message_sent(1, 11, MEMBER) {
            WriteEvent::MessageSent(message) => message,
            other => panic!("{other:?}"),
        }],
        markers: Vec::new(),
        rooms: Vec::new(),
        parked: Vec::new(),
        announcements: Vec::new(),
        position: None,
    };
    parts.store.save(&spoilt).await.unwrap();
    assert_ne!(digest(parts.store.as_ref()).await, before);
    // They show more than the log holds, and only an operator knows which of the two is wrong.
    let refusal = try_to_rebuild(parts, parts, WithLess::Refuse).await;
    assert!(
        matches!(refusal, Err(RebuildError::HoldsLess { .. })),
        "{refusal:?}"
    );
    let rebuilt = try_to_rebuild(parts, parts, WithLess::Replace)
        .await
        .unwrap();
    assert_eq!(rebuilt.events, events.len() as u64);
    assert_eq!(digest(parts.store.as_ref()).await, before);
}

/// Topics are lost, and republished only in part or not at all: what was shown would be shown no more.
async fn f11_a_log_that_holds_less_replaces_the_views_only_by_order(parts: &Parts) {
    let service = parts.start();
    let mut events: Vec<_> = (1..=ROOMS).map(room_created).collect();
    events.extend((1..=10).flat_map(what_happens));
    parts.append(&appended(&events)).await;
    reaches(parts.store.as_ref(), 10).await;
    service.end().await;
    let before = digest(parts.store.as_ref()).await;
    let views = Extent {
        rooms: 4,
        messages: 40,
        missing: 0,
    };
    assert_eq!(parts.store.extent().await.unwrap(), views);

    let nothing: Vec<WriteEvent> = Vec::new();
    let rooms_without_one: Vec<_> = events
        .iter()
        .filter(|one| one.room_id() != RoomId(3))
        .cloned()
        .collect();
    // More messages than the views have, but the first ones of each room are gone.
    let mut trimmed: Vec<_> = (1..=ROOMS).map(room_created).collect();
    trimmed.extend((6..=20).flat_map(what_happens));
    // The messages are there, and how a room began is gone.
    let unknown = events[1..].to_vec();
    for (held, expected) in [
        (nothing, [0, 0, 0]),
        (rooms_without_one, [3, 30, 0]),
        (trimmed, [4, 60, 20]),
        (unknown, [3, 40, 1]),
    ] {
        let other = parts.of_the_same_kind().await;
        other.append(&appended(&held)).await;
        match try_to_rebuild(parts, &other, WithLess::Refuse).await {
            Err(RebuildError::HoldsLess { log, views: shown }) => {
                assert_eq!([log.rooms, log.messages, log.missing], expected);
                assert_eq!(shown, views);
            }
            outcome => panic!("{expected:?}: {outcome:?}"),
        }
        assert_eq!(digest(parts.store.as_ref()).await, before);
    }
    let other = parts.of_the_same_kind().await;
    other.append(&appended(&events[..2])).await;
    let rebuilt = try_to_rebuild(parts, &other, WithLess::Replace)
        .await
        .unwrap();
    assert_eq!(rebuilt.events, 2);
    assert_eq!(parts.store.extent().await.unwrap().rooms, 2);
}

async fn f11_what_is_republished_gives_the_same_views_and_is_not_announced(parts: &Parts) {
    let mut events: Vec<_> = (1..=ROOMS).map(room_created).collect();
    events.extend((1..=10).flat_map(what_happens));
    let republished: Vec<_> = appended(&events)
        .into_iter()
        .map(|event| NewEvent {
            replayed: true,
            ..event
        })
        .collect();
    let mut announcements = parts.announcements().await;
    let service = parts.start();
    parts.append(&republished).await;
    reaches(parts.store.as_ref(), 10).await;
    let once = digest(parts.store.as_ref()).await;
    // The republished events stand in the log beside those that came in their turn.
    parts.append(&republished).await;
    run_rebuild(parts).await;
    assert_eq!(digest(parts.store.as_ref()).await, once);
    parts
        .append(&appended(&[message_sent(1, 11, CREATOR)]))
        .await;
    let (id, _) = announcements.next(1).await.remove(0);
    assert_eq!(id, "room-updated:message:110001");
    service.end().await;
}

async fn f18_what_is_parked_is_parked_again_by_a_rebuild(parts: &Parts) {
    let service = parts.start();
    let mut events = appended(&(1..=ROOMS).map(room_created).collect::<Vec<_>>());
    events.extend(appended(&what_happens(1).collect::<Vec<_>>()));
    events.push(garbage(Topic::ChatMessageSent, 1, "not JSON"));
    // Its seq is another message's.
    let mut impostor = NewEvent::from(&message_sent(5, 1, MEMBER));
    impostor.payload = String::from_utf8_lossy(&impostor.payload)
        .replace("\"roomId\":5", "\"roomId\":1")
        .into();
    impostor.room_id = RoomId(1);
    events.push(impostor);
    parts.append(&events).await;
    reaches(parts.store.as_ref(), 1).await;
    eventually(async || parts.store.parked(None, 9).await.unwrap().len() == 2).await;
    let before = digest(parts.store.as_ref()).await;
    run_rebuild(parts).await;
    assert_eq!(digest(parts.store.as_ref()).await, before);
    service.end().await;
}

/// However often the log is read, what cannot be read is missing.
async fn f18_an_event_that_is_parked_for_ever_does_not_stop_a_rebuild(parts: &Parts) {
    let mut events = appended(&[room_created(1), message_sent(1, 1, CREATOR)]);
    events.push(garbage(Topic::ChatMessageSent, 1, "message 2, not JSON"));
    events.extend(appended(&[message_sent(1, 3, CREATOR)]));
    parts.append(&events).await;
    // The views are lost, and what is built is better than nothing.
    assert_eq!(run_rebuild(parts).await, 4);
    let expected = Extent {
        rooms: 1,
        messages: 2,
        missing: 1,
    };
    assert_eq!(parts.store.extent().await.unwrap(), expected);
    assert_eq!(run_rebuild(parts).await, 4);
}

async fn decision_14_the_lock_of_a_rebuild_that_died_is_released(parts: &Parts) {
    let dead = Uuid::new_v4();
    parts.rebuilding.begin(dead, 1 << 50).await.unwrap();
    parts.rebuilding.lock(dead).await.unwrap();
    let service = parts.start();
    parts.append(&appended(&[room_created(1)])).await;
    eventually(async || parts.store.is_member(RoomId(1), MEMBER).await.unwrap()).await;
    assert!(parts.rebuilding.replace(dead).await.is_err());
    service.end().await;
}
