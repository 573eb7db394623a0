//! `/topic/readMarkers/roomId/{roomId}` and `/user/topic/readStatus` (contract §5, decision 13).

use colloquy_contracts::CustomerId;
use serde_json::json;

use crate::harness::{
    ALICE, BOB, CAROL, Node,
    client::Client,
    events::{marker_moved, read_status, room_updated},
    memory_log::MemoryLog,
};

const MARKERS: &str = "/topic/readMarkers/roomId/1";
const STATUS: &str = "/user/topic/readStatus";

#[tokio::test]
async fn contract_5_read_markers_are_pushed_to_the_room_and_never_go_back() {
    let log = MemoryLog::default();
    let node = Node::start(&log).await;
    let mut clients = vec![];
    for customer in [ALICE, BOB] {
        let mut client = Client::connected(node.address, customer).await;
        client.subscribe("0", MARKERS).await;
        clients.push(client);
    }
    for (room, customer, message) in [
        (1, ALICE, 5),
        (1, ALICE, 4),
        (1, ALICE, 5),
        (2, ALICE, 9),
        (1, BOB, 3),
        (1, ALICE, 6),
    ] {
        log.add(marker_moved(room, customer, message)).await;
    }
    for client in &mut clients {
        for (customer, message) in [(1, 5), (2, 3), (1, 6)] {
            assert_eq!(
                client.body().await,
                json!({"roomId": 1, "customerId": customer, "lastReadMessageId": message})
            );
        }
    }
}

#[tokio::test]
async fn contract_5_read_status_reaches_every_session_of_that_customer_alone() {
    let log = MemoryLog::default();
    let (first, second) = (Node::start(&log).await, Node::start(&log).await);
    let subscribed = async |node: &Node, customer: CustomerId| {
        let mut client = Client::connected(node.address, customer).await;
        client.subscribe("status", STATUS).await;
        client
    };
    let mut sessions = [
        subscribed(&first, ALICE).await,
        subscribed(&first, ALICE).await,
        subscribed(&second, ALICE).await,
    ];
    let mut carol = subscribed(&second, CAROL).await;
    log.add(read_status(1, 7, ALICE, false)).await;
    log.add(read_status(1, 8, CAROL, true)).await;
    for session in &mut sessions {
        let frame = session.frame().await;
        assert!(
            frame.contains("\ndestination:/user/topic/readStatus\n"),
            "{frame}"
        );
        let (_, body) = frame.split_once("\n\n").unwrap();
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(
            body,
            json!({"roomId": 1, "customerId": 1, "isUnread": false})
        );
    }
    assert_eq!(
        carol.body().await,
        json!({"roomId": 1, "customerId": 3, "isUnread": true})
    );
}

#[tokio::test]
async fn decision_13_a_flag_comes_behind_the_view_that_it_follows() {
    let log = MemoryLog::default();
    let node = Node::start(&log).await;
    let mut alice = Client::connected(node.address, ALICE).await;
    alice.subscribe("rooms", "/user/topic/rooms").await;
    alice.subscribe("status", STATUS).await;
    for version in [1, 2] {
        log.add(room_updated(1, version, &[ALICE])).await;
    }
    log.add(read_status(1, 3, ALICE, false)).await;
    for version in ["1", "2"] {
        assert_eq!(alice.body().await["roomName"], version);
    }
    assert_eq!(alice.body().await["isUnread"], false);
}

#[tokio::test]
async fn decision_13_a_flag_is_pushed_last_though_an_older_view_comes_behind_it() {
    let log = MemoryLog::default();
    let node = Node::start(&log).await;
    let mut alice = Client::connected(node.address, ALICE).await;
    alice.subscribe("rooms", "/user/topic/rooms").await;
    alice.subscribe("status", STATUS).await;
    log.add(read_status(1, 8, ALICE, false)).await;
    log.add(room_updated(1, 6, &[ALICE, BOB])).await;
    assert_eq!(alice.body().await["isUnread"], false);
    assert_eq!(alice.body().await["roomName"], "6");
    assert_eq!(alice.body().await["isUnread"], false);
}
