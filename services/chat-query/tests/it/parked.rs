//! Parked events that are replayed (decision 8).

use colloquy_chassis::SystemClock;
use colloquy_chat_query::{
    parked::ParkedEvent,
    replay_parked::{self, Replayed},
    view_store::ViewWrite,
};
use colloquy_contracts::{RoomId, Timestamp, Topic, events::WriteEvent};
use colloquy_event_log::{NewEvent, Record};
use proptest::{prelude::*, test_runner::TestRunner};

use crate::{
    events::{CREATOR, MEMBER, appended, garbage, marker_moved, message_sent, room_created},
    rebuild::digest,
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
    decision_8_a_replay_that_fails_again_stays_with_its_reason,
    decision_8_a_replayed_event_is_announced,
}

/// A parked event that is not broken.
fn parked_event(event: &NewEvent, offset: i64) -> ParkedEvent {
    let record = Record {
        topic: event.topic,
        partition: 0,
        offset,
        key: event.room_id.to_string(),
        event_id: event.event_id.clone(),
        payload: event.payload.clone(),
        replayed: false,
        version: None,
        traceparent: None,
    };
    ParkedEvent::new(
        &record,
        "an older version".into(),
        Timestamp::from_millis(7),
    )
}

async fn park(parts: &Parts, parked: Vec<ParkedEvent>) {
    let write = ViewWrite {
        messages: Vec::new(),
        markers: Vec::new(),
        rooms: Vec::new(),
        parked,
        announcements: Vec::new(),
        position: None,
    };
    parts.store.save(&write).await.unwrap();
}

async fn replay(parts: &Parts, event: &ParkedEvent) -> Replayed {
    let (store, log) = (parts.store.as_ref(), parts.log.as_ref());
    replay_parked::replay(store, log, &SystemClock, event)
        .await
        .unwrap()
}

async fn decision_8_a_replay_that_fails_again_stays_with_its_reason(parts: &Parts) {
    for (event, reason) in [
        (
            garbage(Topic::ChatMessageSent, 1, "{}"),
            "the value cannot be decoded",
        ),
        (
            NewEvent {
                room_id: RoomId(2),
                ..NewEvent::from(&room_created(1))
            },
            "the key is 2",
        ),
        (
            NewEvent::from(&match message_sent(1, 1, MEMBER) {
                WriteEvent::MessageSent(message) => {
                    WriteEvent::MessageSent(colloquy_contracts::events::ChatMessageSent {
                        content: "another".into(),
                        ..message
                    })
                }
                other => other,
            }),
            "its id or its seq belongs to another message",
        ),
    ] {
        let first = parked_event(&NewEvent::from(&message_sent(1, 1, MEMBER)), 1);
        park(parts, vec![first.clone()]).await;
        assert_eq!(replay(parts, &first).await, Replayed::Applied);
        let parked = parked_event(&event, 5);
        park(parts, vec![parked.clone()]).await;
        let Replayed::StillParked(now) = replay(parts, &parked).await else {
            panic!("{reason}");
        };
        assert!(now.starts_with(reason), "{now}");
        let kept = parts
            .store
            .parked_at(&parked.position)
            .await
            .unwrap()
            .unwrap();
        assert_eq!((kept.reason, kept.tries), (now, 2));
        assert_eq!(kept.parked_at, parked.parked_at);
        parts.store.forget_parked(&parked.position).await.unwrap();
    }
}

async fn decision_8_a_replayed_event_is_announced(parts: &Parts) {
    let mut announcements = parts.announcements().await;
    let parked = parked_event(&NewEvent::from(&room_created(1)), 1);
    park(parts, vec![parked.clone()]).await;
    assert_eq!(replay(parts, &parked).await, Replayed::Applied);
    assert_eq!(announcements.next(1).await[0].0, "room-updated:room:1");
    assert_eq!(parts.store.parked(None, 9).await.unwrap(), []);
}

/// Any of the events parked, and replayed at any time after the others, in any order.
#[test]
fn decision_8_a_replay_at_any_time_gives_the_view_that_order_gives() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut sequence = vec![room_created(1)];
    sequence.extend(
        (1..=6).map(|seq| message_sent(1, seq, if seq % 2 == 0 { MEMBER } else { CREATOR })),
    );
    sequence.extend([1, 4, 2].map(|seq| marker_moved(1, MEMBER, seq)));
    let in_order = runtime.block_on(async {
        let parts = Parts::embedded().await;
        let service = parts.start();
        parts.append(&appended(&sequence)).await;
        let whole = async || parts.log_is_projected(sequence.len()).await;
        eventually(whole).await;
        service.end().await;
        digest(parts.store.as_ref()).await
    });
    let order = Just((0..sequence.len()).collect::<Vec<_>>()).prop_shuffle();
    let mut runner = TestRunner::new(ProptestConfig::with_cases(24));
    runner
        .run(&(order, 0..=sequence.len()), |(order, parked)| {
            let replayed = runtime.block_on(async {
                let parts = Parts::embedded().await;
                let events: Vec<_> = appended(&sequence);
                let (later, in_turn) = order.split_at(parked);
                let set: Vec<_> = (1..)
                    .zip(later)
                    .map(|(offset, &index)| parked_event(&events[index], offset))
                    .collect();
                park(&parts, set.clone()).await;
                let service = parts.start();
                let in_turn: Vec<_> = in_turn.iter().map(|&index| events[index].clone()).collect();
                parts.append(&in_turn).await;
                for event in &set {
                    assert_eq!(replay(&parts, event).await, Replayed::Applied);
                }
                eventually(async || parts.log_is_projected(in_turn.len()).await).await;
                service.end().await;
                digest(parts.store.as_ref()).await
            });
            prop_assert_eq!(&replayed, &in_order);
            Ok(())
        })
        .unwrap();
}
