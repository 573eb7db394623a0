//! What a session over plain HTTP shows of its customer (decision 19: refreshed by each poll and each stream write).

use std::{cell::Cell, time::Duration};

use colloquy_websocket::{Settings, presence::Times};

use super::browser::{Browser, CONNECT};
use crate::harness::{
    ALICE, CAROL, Node, client::Client, ground::online_status, memory_log::MemoryLog,
};

/// Whoever gives no sign of life is away within two seconds.
fn impatient() -> Settings {
    Settings {
        ping_after: Duration::from_millis(500),
        presence: Times {
            online: Duration::from_secs(1),
            renew: Duration::from_millis(200),
            ..Times::default()
        },
        ..Settings::default()
    }
}

async fn carol(node: &Node) -> Client {
    let mut carol = Client::connected(node.address, CAROL).await;
    carol.subscribe("1", "/topic/onlineStatus/roomId/1").await;
    carol
}

/// What Carol is told next of somebody else.
async fn told(carol: &mut Client) -> (i64, bool) {
    let (_, customer, online) = online_status(carol, CAROL.0).await;
    (customer, online)
}

#[tokio::test]
async fn stomp_7_decision_19_an_idle_stream_shows_its_customer_until_it_is_broken_off() {
    let node = Node::with(&MemoryLog::default(), impatient()).await;
    let mut carol = carol(&node).await;
    let alice = Browser::of(&node, ALICE);
    let mut stream = alice.streaming().await;
    assert_eq!(stream.line().await.unwrap(), "o");
    alice.say(&[CONNECT]).await;
    stream.messages().await;
    assert_eq!(told(&mut carol).await, (ALICE.0, true));
    let idle = Cell::new(true);
    let streaming = async {
        for _ in 0..6 {
            assert_eq!(stream.line().await.unwrap(), "h");
        }
        idle.set(false);
        drop(stream);
    };
    let telling = async {
        assert_eq!(told(&mut carol).await, (ALICE.0, false));
        assert!(!idle.get(), "told while the stream was there");
    };
    tokio::join!(telling, streaming);
}

#[tokio::test]
async fn stomp_7_decision_19_polls_show_their_customer_until_there_are_none() {
    let node = Node::with(&MemoryLog::default(), impatient()).await;
    let mut carol = carol(&node).await;
    let alice = Browser::of(&node, ALICE);
    alice.connect().await;
    assert_eq!(told(&mut carol).await, (ALICE.0, true));
    let polls = Cell::new(true);
    let polling = async {
        for _ in 0..6 {
            assert_eq!(alice.frame().await, "h");
        }
        polls.set(false);
    };
    let telling = async {
        assert_eq!(told(&mut carol).await, (ALICE.0, false));
        assert!(!polls.get(), "told while there were polls");
    };
    tokio::join!(telling, polling);
}
