//! Sockets that come and go, and nodes that stop or miss something.

use std::time::Duration;

use colloquy_websocket::Settings;
use tokio::sync::Notify;

use crate::harness::{
    ALICE, BOB, Node, client::Client, events::message, eventually, memory_log::MemoryLog, token,
};

const ROOM: &str = "/topic/message/roomId/1";

#[tokio::test]
async fn stomp_n9_clients_that_come_and_go_leave_nothing() {
    let node = Node::start(&MemoryLog::default()).await;
    let token = token(ALICE, 3600);
    for round in 0..300 {
        let mut client = Client::with_cookie(node.address, &token).await;
        client
            .say(&format!(
                "CONNECT\naccept-version:1.2\n\n\0SUBSCRIBE\nid:0\ndestination:{ROOM}\n\n\0"
            ))
            .await;
        if round % 2 == 0 {
            client.frame().await;
        }
    }
    eventually(|| node.websocket.is_idle()).await;
}

#[tokio::test]
async fn stopping_closes_every_socket_with_going_away() {
    let log = MemoryLog::default();
    let settings = Settings {
        closing_spread: Duration::from_millis(100),
        ..Settings::default()
    };
    let node = Node::with(&log, settings).await;
    let mut clients = vec![];
    for _ in 0..10 {
        let mut client = Client::connected(node.address, ALICE).await;
        client.subscribe("0", ROOM).await;
        clients.push(client);
    }
    let signal = Notify::new();
    signal.notify_one();
    let clients_see = async {
        for client in &mut clients {
            assert_eq!(client.closed().await.0, 1001);
        }
    };
    let (stopped, ()) = tokio::join!(node.lifecycle.run_until(|| signal.notified()), clients_see);
    stopped.unwrap();
    assert!(node.websocket.is_idle());
}

#[tokio::test]
async fn decision_16_a_node_that_missed_something_closes_its_sockets_and_goes_on() {
    let log = MemoryLog::default();
    let (hit, other) = (Node::start(&log).await, Node::start(&log).await);
    let mut alice = Client::connected(hit.address, ALICE).await;
    alice.subscribe("0", ROOM).await;
    let mut bob = Client::connected(other.address, BOB).await;
    bob.subscribe("0", ROOM).await;

    log.lose();
    let ((code, _), mut stays, node) = tokio::select! {
        closed = alice.closed() => (closed, bob, &hit),
        closed = bob.closed() => (closed, alice, &other),
    };
    assert_eq!(code, 1012);
    eventually(|| node.websocket.is_idle() && node.readiness.waiting_for().is_empty()).await;
    log.add(message(1, 1)).await;
    assert_eq!(stays.seq().await, 1);

    let mut back = Client::connected(node.address, ALICE).await;
    back.subscribe("0", ROOM).await;
    log.add(message(1, 2)).await;
    assert_eq!(back.seq().await, 2);
    assert_eq!(stays.seq().await, 2);
}
