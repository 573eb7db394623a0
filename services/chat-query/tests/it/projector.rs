//! The projector: what it announces, what it parks, and what survives its end at any point.

use std::sync::Arc;

use async_trait::async_trait;
use colloquy_chat_query::view_store::{Page, ViewStoreError};
use colloquy_contracts::{RoomId, Seq, Topic};
use colloquy_event_log::{
    EventLog, EventLogError, GroupReader, NewEvent, Record, Rewound, TailReader,
};
use futures_util::future::BoxFuture;
use serde_json::json;
use tokio::sync::Notify;

use crate::{
    events::{
        CREATOR, MEMBER, appended, folded, garbage, marker_moved, message_sent, room_created,
    },
    faulty_store::FaultyStore,
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

on_both! {
    what_changed_is_announced,
    decision_9_a_repeat_is_announced_again_under_the_same_id,
    decision_14_a_republication_is_projected_and_not_announced,
    f15_projectors_come_and_go_without_a_gap,
    f18_broken_events_are_parked_and_the_others_go_on,
    decision_8_a_store_that_is_away_is_waited_for,
}

async fn what_changed_is_announced(parts: &Parts) {
    let mut announcements = parts.announcements().await;
    let _service = parts.start();
    parts.append(&appended(&[room_created(1)])).await;
    let room = folded(&[room_created(1)]);
    let view = serde_json::to_value(room.view()).unwrap();
    assert_eq!(
        announcements.next(1).await,
        [("room-updated:room:1".into(), view)]
    );

    parts
        .append(&appended(&[message_sent(1, 1, CREATOR)]))
        .await;
    let room = folded(&[room_created(1), message_sent(1, 1, CREATOR)]);
    let view = serde_json::to_value(room.view()).unwrap();
    assert_eq!(
        announcements.next(1).await,
        [("room-updated:message:10001".into(), view)]
    );

    parts.append(&appended(&[marker_moved(1, MEMBER, 1)])).await;
    let status = json!({"roomId": 1, "customerId": 2, "isUnread": false});
    assert_eq!(
        announcements.next(1).await,
        [("read-status:marker:1:2:10001".into(), status)]
    );

    // The creator's own marker changes no flag: the next announcement is of the next message.
    parts
        .append(&appended(&[
            marker_moved(1, CREATOR, 1),
            message_sent(1, 2, MEMBER),
        ]))
        .await;
    let (id, view) = announcements.next(1).await.remove(0);
    assert_eq!(id, "room-updated:message:20001");
    assert_eq!(
        view["unreadStatus"],
        json!({"1": true, "2": false, "3": true})
    );
}

async fn decision_9_a_repeat_is_announced_again_under_the_same_id(parts: &Parts) {
    let mut announcements = parts.announcements().await;
    let _service = parts.start();
    let events = appended(&[room_created(1)]);
    parts.append(&events).await;
    let first = announcements.next(1).await;
    parts.append(&events).await;
    assert_eq!(announcements.next(1).await, first);
}

async fn decision_14_a_republication_is_projected_and_not_announced(parts: &Parts) {
    let mut announcements = parts.announcements().await;
    let _service = parts.start();
    let republished = NewEvent {
        replayed: true,
        ..NewEvent::from(&room_created(1))
    };
    parts.append(&[republished]).await;
    eventually(async || parts.store.is_member(RoomId(1), MEMBER).await.unwrap()).await;
    parts
        .append(&appended(&[message_sent(1, 1, CREATOR)]))
        .await;
    let (id, view) = announcements.next(1).await.remove(0);
    assert_eq!(id, "room-updated:message:10001");
    assert_eq!(view["roomName"], "Room 1");
}

async fn f15_projectors_come_and_go_without_a_gap(parts: &Parts) {
    const ROOMS: i64 = 4;
    let append_messages = async |seqs: std::ops::RangeInclusive<i64>| {
        let events =
            seqs.flat_map(|seq| (1..=ROOMS).map(move |room| message_sent(room, seq, CREATOR)));
        parts.append(&appended(&events.collect::<Vec<_>>())).await;
    };
    let reaches = async |seq: i64| {
        for room in 1..=ROOMS {
            eventually(async || {
                parts.store.highest_seq(RoomId(room)).await.unwrap() == Some(Seq(seq))
            })
            .await;
        }
    };
    let first = parts.start();
    append_messages(1..=20).await;
    reaches(20).await;
    let second = parts.start();
    second.is_ready().await;
    append_messages(21..=40).await;
    first.end().await;
    append_messages(41..=60).await;
    reaches(60).await;
    for room in 1..=ROOMS {
        let page = Page {
            before: None,
            after_seq: None,
            limit: 100,
        };
        let history = parts.store.history(RoomId(room), page).await.unwrap();
        let seqs: Vec<_> = history.iter().map(|one| one.seq.0).collect();
        assert_eq!(seqs, (1..=60).rev().collect::<Vec<_>>());
    }
    second.end().await;
}

async fn f18_broken_events_are_parked_and_the_others_go_on(parts: &Parts) {
    let mut impostor = NewEvent::from(&message_sent(1, 1, MEMBER));
    impostor.event_id = "impostor".into();
    let mut strayed = NewEvent::from(&message_sent(1, 4, MEMBER));
    strayed.room_id = RoomId(2);
    let mut events = appended(&[
        room_created(1),
        room_created(2),
        message_sent(1, 1, CREATOR),
    ]);
    events.extend([
        garbage(Topic::ChatMessageSent, 1, "not JSON"),
        garbage(Topic::ChatMessageSent, 1, "{}"),
        garbage(Topic::ReadMarkerUpdated, 1, "[]"),
        strayed,
        impostor,
        NewEvent::from(&message_sent(1, 0, MEMBER)),
    ]);
    events.extend(appended(&[
        message_sent(1, 2, CREATOR),
        message_sent(2, 1, CREATOR),
    ]));
    parts.append(&events).await;
    let service = parts.start();
    for (room, seq) in [(1, 2), (2, 1)] {
        eventually(async || parts.store.highest_seq(RoomId(room)).await.unwrap() == Some(Seq(seq)))
            .await;
    }
    eventually(async || parts.store.parked(None, 100).await.unwrap().len() == 6).await;
    let parked = parts.store.parked(None, 100).await.unwrap();
    let mut reasons: Vec<_> = parked
        .iter()
        .map(|one| one.reason.split(": ").next().unwrap())
        .collect();
    reasons.sort_unstable();
    assert_eq!(
        reasons,
        [
            "its id or its seq belongs to another message",
            "seq is out of range",
            "the key is 2 and the value is about room 1",
            "the value cannot be decoded",
            "the value cannot be decoded",
            "the value cannot be decoded",
        ]
    );
    assert!(
        parked
            .iter()
            .any(|one| one.payload == "not JSON" && one.key == "1")
    );
    service.end().await;
}

async fn decision_8_a_store_that_is_away_is_waited_for(parts: &Parts) {
    let refusals = [
        ViewStoreError::Unavailable("away".into()),
        ViewStoreError::Conflict,
        ViewStoreError::Defect("odd".into()),
        ViewStoreError::Unavailable("away".into()),
    ];
    let store = Arc::new(FaultyStore::new(Arc::clone(&parts.store), refusals));
    let mut announcements = parts.announcements().await;
    let _service = parts.start_with(store.clone(), Arc::clone(&parts.log));
    parts.append(&appended(&[room_created(1)])).await;
    assert_eq!(announcements.next(1).await[0].0, "room-updated:room:1");
    assert!(parts.store.is_member(RoomId(1), MEMBER).await.unwrap());
    assert!(parts.store.parked(None, 1).await.unwrap().is_empty());
    assert_eq!(store.refusals_left(), 0);
}

/// A log to which nothing can be appended any more, and which signals each attempt.
struct Stalled {
    log: Arc<dyn EventLog>,
    tried: Arc<Notify>,
}

#[async_trait]
impl EventLog for Stalled {
    async fn append(&self, _: &[NewEvent]) -> Result<Vec<bool>, EventLogError> {
        self.tried.notify_one();
        std::future::pending().await
    }

    async fn join(&self, group: &str) -> Result<Box<dyn GroupReader>, EventLogError> {
        self.log.join(group).await
    }

    async fn tail(&self, topics: &[Topic]) -> Result<Box<dyn TailReader>, EventLogError> {
        self.log.tail(topics).await
    }
}

/// A log whose group meets when the test says so.
struct Meeting {
    log: Arc<dyn EventLog>,
    meets: Arc<Notify>,
    joined: Arc<Notify>,
}

/// A member of its group, with nothing to read.
struct Waiting(Arc<Notify>);

#[async_trait]
impl EventLog for Meeting {
    async fn append(&self, events: &[NewEvent]) -> Result<Vec<bool>, EventLogError> {
        self.log.append(events).await
    }

    async fn join(&self, _: &str) -> Result<Box<dyn GroupReader>, EventLogError> {
        self.joined.notify_one();
        Ok(Box::new(Waiting(Arc::clone(&self.meets))))
    }

    async fn tail(&self, topics: &[Topic]) -> Result<Box<dyn TailReader>, EventLogError> {
        self.log.tail(topics).await
    }
}

#[async_trait]
impl GroupReader for Waiting {
    async fn next(&mut self, _: usize) -> Result<Vec<Record>, EventLogError> {
        std::future::pending().await
    }

    fn assigned(&self) -> BoxFuture<'static, ()> {
        Box::pin(Arc::clone(&self.0).notified_owned())
    }

    async fn commit(&mut self, _: &[Record]) -> Result<(), EventLogError> {
        Ok(())
    }

    fn partitions(&self) -> Result<Vec<i32>, EventLogError> {
        Ok(Vec::new())
    }

    async fn rewind(&mut self, _: &[i32]) -> Result<Vec<Rewound>, EventLogError> {
        Ok(Vec::new())
    }
}

#[tokio::test]
async fn b27_the_service_is_ready_when_its_group_has_met_and_not_before() {
    let parts = Parts::embedded().await;
    let (meets, joined) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let log = Meeting {
        log: Arc::clone(&parts.log),
        meets: Arc::clone(&meets),
        joined: Arc::clone(&joined),
    };
    let service = parts.start_with(Arc::clone(&parts.store), Arc::new(log));
    joined.notified().await;
    // On the one thread of this test the projector has gone on to where it waits.
    tokio::task::yield_now().await;
    assert_eq!(service.waiting_for(), ["projector"]);
    meets.notify_one();
    service.is_ready().await;
}

/// Embedded there is no such point: view and announcement are one transaction.
#[tokio::test(flavor = "multi_thread")]
async fn f13_a_projector_that_ends_between_storing_and_announcing_announces_after_its_restart_on_kafka_and_mongodb()
 {
    let parts = Parts::distributed().await;
    let mut announcements = parts.announcements().await;
    for (event, stored, expected) in [
        (room_created(1), 1, &["room-updated:room:1"][..]),
        (
            message_sent(1, 1, CREATOR),
            2,
            &["read-status:message:10001", "room-updated:message:10001"],
        ),
        (
            marker_moved(1, MEMBER, 1),
            3,
            &["read-status:marker:1:2:10001"],
        ),
    ] {
        let tried = Arc::new(Notify::new());
        let stalled = Stalled {
            log: Arc::clone(&parts.log),
            tried: Arc::clone(&tried),
        };
        let doomed = parts.start_with(Arc::clone(&parts.store), Arc::new(stalled));
        parts.append(&appended(&[event])).await;
        tried.notified().await;
        let rooms = parts.store.load_rooms(&[RoomId(1)]).await.unwrap();
        assert_eq!(rooms[&RoomId(1)].version, stored);
        doomed.end().await;

        let restarted = parts.start();
        let announced = announcements.next(expected.len()).await;
        assert!(announced.iter().map(|(id, _)| id).eq(expected));
        let rooms = parts.store.load_rooms(&[RoomId(1)]).await.unwrap();
        assert_eq!(rooms[&RoomId(1)].version, stored, "stored once");
        restarted.end().await;
    }
}
