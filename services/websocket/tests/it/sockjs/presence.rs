//! What a session over plain HTTP shows of its customer (decision 19: refreshed by its requests, never by what
//! is written to it).

use std::{cell::Cell, time::Duration};

use colloquy_websocket::{Settings, presence::Times, stomp::HeartBeat};

use super::browser::{Browser, CONNECT, messages, seq};
use crate::harness::{
    ALICE, CAROL, Node, client::Client, events::message, eventually, ground::online_status,
    memory_log::MemoryLog,
};

/// A client that sends nothing is away within two seconds.
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

/// The next state of another customer that Carol gets.
async fn next_state(carol: &mut Client) -> (i64, bool) {
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
    assert_eq!(next_state(&mut carol).await, (ALICE.0, true));
    let idle = Cell::new(true);
    let streaming = async {
        for _ in 0..6 {
            assert_eq!(stream.line().await.unwrap(), "h");
        }
        idle.set(false);
        drop(stream);
    };
    let telling = async {
        assert_eq!(next_state(&mut carol).await, (ALICE.0, false));
        assert!(!idle.get(), "announced while the stream was there");
    };
    tokio::join!(telling, streaming);
}

#[tokio::test]
async fn stomp_7_decision_19_polls_show_their_customer_until_there_are_none() {
    let node = Node::with(&MemoryLog::default(), impatient()).await;
    let mut carol = carol(&node).await;
    let alice = Browser::of(&node, ALICE);
    alice.connect().await;
    assert_eq!(next_state(&mut carol).await, (ALICE.0, true));
    let polls = Cell::new(true);
    let polling = async {
        for _ in 0..6 {
            assert_eq!(alice.frame().await, "h");
        }
        polls.set(false);
    };
    let telling = async {
        assert_eq!(next_state(&mut carol).await, (ALICE.0, false));
        assert!(!polls.get(), "announced while there were polls");
    };
    tokio::join!(telling, polling);
}

/// Takes what it is given, and asks for nothing more.
async fn a_suspended_client_is_offline_and_its_session_ends(transport: &str) {
    let settings = Settings {
        answer_within: Duration::from_secs(1),
        ..impatient()
    };
    let node = Node::with(&MemoryLog::default(), settings).await;
    let mut carol = carol(&node).await;
    let alice = Browser::of(&node, ALICE);
    alice.connect().await;
    assert_eq!(next_state(&mut carol).await, (ALICE.0, true));
    let ended = Cell::new(false);
    let suspended = async {
        let mut stream = alice.stream(transport).await;
        while stream.line().await.is_some() {}
        ended.set(true);
    };
    let telling = async {
        assert_eq!(next_state(&mut carol).await, (ALICE.0, false));
        assert!(ended.get(), "announced while the client owed no request");
    };
    tokio::join!(telling, suspended);
    eventually(|| node.websocket.open_connections() == 1).await;
}

#[tokio::test]
async fn b20_a_suspended_client_of_a_stream_is_offline() {
    a_suspended_client_is_offline_and_its_session_ends("xhr_streaming").await;
}

#[tokio::test]
async fn b20_a_suspended_client_of_an_eventsource_is_offline() {
    a_suspended_client_is_offline_and_its_session_ends("eventsource").await;
}

#[tokio::test]
async fn b20_a_client_that_asks_for_each_answer_stays_and_misses_nothing() {
    let settings = Settings {
        answer_within: Duration::from_millis(200),
        ..impatient()
    };
    let log = MemoryLog::default();
    let node = Node::with(&log, settings).await;
    let browser = Browser::in_room(&node, ALICE).await;
    let (mut streams, mut read) = (0, 0);
    while streams < 10 {
        let mut stream = browser.streaming().await;
        streams += 1;
        log.add(message(1, streams)).await;
        while let Some(line) = stream.line().await {
            for text in messages(&line).unwrap_or_default() {
                read += 1;
                assert_eq!(seq(&text), read);
            }
        }
    }
    assert_eq!(read, streams);
}

/// Its timers sleep, its requests do not.
#[tokio::test]
async fn b25_b20_a_client_that_promised_to_beat_and_only_asks_for_answers_stays() {
    let settings = Settings {
        heart_beat: HeartBeat {
            outgoing: 0,
            incoming: 1_000,
        },
        ..Settings::default()
    };
    let node = Node::with(&MemoryLog::default(), settings).await;
    let browser = Browser::of(&node, ALICE);
    assert_eq!(browser.frame().await, "o");
    browser
        .say(&["CONNECT\naccept-version:1.2\nheart-beat:1000,0\n\n\0"])
        .await;
    // Each ends because its client is asked to answer, the second long after its silence.
    for _ in 0..3 {
        let mut stream = browser.streaming().await;
        while stream.line().await.is_some() {}
    }
    assert_eq!(node.websocket.open_connections(), 1);
}
