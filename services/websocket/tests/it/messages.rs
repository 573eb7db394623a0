//! `/topic/message/roomId/{roomId}`.

use bytes::Bytes;
use colloquy_contracts::{RoomId, Topic};
use colloquy_event_log::NewEvent;

use crate::harness::{
    ALICE, BOB, Node, OUTSIDER,
    client::Client,
    events::{marker_moved, message, room_updated},
    memory_log::MemoryLog,
};

const ROOM: &str = "/topic/message/roomId/1";

#[tokio::test]
async fn stomp_s11_a_message_after_the_receipt_of_the_subscription_arrives() {
    let log = MemoryLog::default();
    let node = Node::start(&log).await;
    let mut alice = Client::connected(node.address, ALICE).await;
    for round in 1..=50 {
        let room = format!("/topic/message/roomId/{round}");
        alice.subscribe(&round.to_string(), &room).await;
        log.add(message(round, 1)).await;
        assert_eq!(alice.body().await["roomId"], round);
    }
}

#[tokio::test]
async fn the_body_is_the_record_of_the_write_side_to_the_byte() {
    let log = MemoryLog::default();
    let node = Node::start(&log).await;
    let mut alice = Client::connected(node.address, ALICE).await;
    alice.subscribe("0", ROOM).await;
    let event = message(1, 1);
    let payload = std::str::from_utf8(&event.payload).unwrap().to_owned();
    log.add(event).await;

    let frame = alice.frame().await;
    let (head, body) = frame.split_once("\n\n").unwrap();
    assert_eq!(body, payload);
    assert!(
        head.contains(&format!("\ncontent-length:{}", payload.len())),
        "{head}"
    );
}

#[tokio::test]
async fn stomp_s10_two_nodes_show_everything_in_order() {
    let log = MemoryLog::default();
    let (first, second) = (Node::start(&log).await, Node::start(&log).await);
    let mut clients = vec![
        Client::connected(first.address, ALICE).await,
        Client::connected(second.address, BOB).await,
        Client::connected(second.address, ALICE).await,
    ];
    for client in &mut clients {
        client.subscribe("0", ROOM).await;
    }
    for seq in 1..=500 {
        log.add(message(1, seq)).await;
    }
    for client in &mut clients {
        for seq in 1..=500 {
            assert_eq!(client.seq().await, seq);
        }
    }
}

#[tokio::test]
async fn decision_16_only_events_from_the_start_on_are_pushed() {
    let log = MemoryLog::default();
    log.add(message(1, 1)).await;
    let node = Node::start(&log).await;
    let mut alice = Client::connected(node.address, ALICE).await;
    alice.subscribe("0", ROOM).await;
    log.add(message(1, 2)).await;
    assert_eq!(alice.seq().await, 2);
}

#[tokio::test]
async fn decision_17_repeats_are_dropped_and_late_ones_are_not() {
    let log = MemoryLog::default();
    let node = Node::start(&log).await;
    let mut alice = Client::connected(node.address, ALICE).await;
    alice.subscribe("0", ROOM).await;
    for seq in [1, 2, 2, 1, 5, 4, 5, 3, 6] {
        log.add(message(1, seq)).await;
    }
    for seq in [1, 2, 5, 4, 3, 6] {
        assert_eq!(alice.seq().await, seq);
    }
}

#[tokio::test]
async fn decision_14_what_is_replayed_for_a_rebuild_is_not_pushed() {
    let log = MemoryLog::default();
    let node = Node::start(&log).await;
    let mut alice = Client::connected(node.address, ALICE).await;
    alice.subscribe("0", ROOM).await;
    log.add(NewEvent {
        replayed: true,
        ..message(1, 1)
    })
    .await;
    log.add(message(1, 2)).await;
    assert_eq!(alice.seq().await, 2);
}

#[tokio::test]
async fn decision_8_a_record_that_cannot_be_read_stops_nothing() {
    let log = MemoryLog::default();
    let node = Node::start(&log).await;
    let mut alice = Client::connected(node.address, ALICE).await;
    alice.subscribe("0", ROOM).await;
    for topic in [Topic::ChatMessageSent, Topic::RoomUpdated] {
        for payload in [&b""[..], b"{}", b"\xff\x00", b"[1"] {
            log.add(NewEvent {
                topic,
                room_id: RoomId(1),
                event_id: String::new(),
                payload: Bytes::from_static(payload),
                replayed: false,
                version: None,
                traceparent: None,
            })
            .await;
        }
    }
    log.add(message(1, 1)).await;
    assert_eq!(alice.seq().await, 1);
}

#[tokio::test]
async fn a_room_is_pushed_to_its_subscribers_alone() {
    let log = MemoryLog::default();
    let node = Node::start(&log).await;
    let mut alice = Client::connected(node.address, ALICE).await;
    alice.subscribe("0", "/topic/message/roomId/2").await;
    log.add(message(1, 1)).await;
    log.add(room_updated(1, 1, &[ALICE])).await;
    log.add(message(2, 1)).await;
    assert_eq!(alice.body().await["roomId"], 2);
}

#[tokio::test]
async fn stomp_s7_an_outsider_gets_an_error_and_nothing_of_the_room() {
    let log = MemoryLog::default();
    let node = Node::start(&log).await;
    let mut outsider = Client::connected(node.address, OUTSIDER).await;
    outsider
        .say(&format!("SUBSCRIBE\nid:0\ndestination:{ROOM}\n\n\0"))
        .await;
    log.add(message(1, 1)).await;
    assert_eq!(
        outsider.error().await,
        ("not a member of this room".into(), 1002)
    );
}

#[tokio::test]
async fn decision_8_what_breaks_a_rule_of_its_shape_is_not_pushed() {
    let log = MemoryLog::default();
    let node = Node::start(&log).await;
    let mut alice = Client::connected(node.address, ALICE).await;
    alice.subscribe("0", ROOM).await;
    alice.subscribe("1", "/topic/readMarkers/roomId/1").await;
    log.add(message(1, 0)).await;
    log.add(message(1, -1)).await;
    let elsewhere = NewEvent {
        room_id: RoomId(2),
        ..message(1, 1)
    };
    log.add(elsewhere).await;
    log.add(marker_moved(1, BOB, -1)).await;
    log.add(message(1, 1)).await;
    assert_eq!(alice.body().await["seq"], 1, "the first that is pushed");
    log.add(marker_moved(1, BOB, 7)).await;
    assert_eq!(alice.body().await["lastReadMessageId"], 7);
}
