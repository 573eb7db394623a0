//! How sessions end, and what their clients get to read.

use std::time::Duration;

use colloquy_contracts::Timestamp;
use colloquy_service_api::revocations::{Ended, Revocation, Revocations};
use colloquy_websocket::Settings;
use tokio::{sync::Notify, time::Instant};

use super::browser::{Browser, CONNECT, ROOM, Stream};
use crate::harness::{
    ALICE, BOB, Node, eventually, later, memory_log::MemoryLog, session_id, token,
};

fn log_out_alice(node: &Node) {
    let entry = Revocation {
        number: 1,
        customer_id: ALICE,
        ended: Ended::Session {
            session_id: session_id(ALICE),
        },
        expires_at: Timestamp::from_millis(i64::MAX),
    };
    let read = Revocations {
        revocations: vec![entry],
        up_to: 1,
        is_end: true,
    };
    node.revocations.apply(&read, later());
}

/// The last frames of a stream: an ERROR with this message, then a close frame, then nothing.
async fn assert_ends(stream: &mut Stream, message: &str, close: &str) {
    let error = stream.messages().await;
    assert!(
        error[0].starts_with(&format!("ERROR\nmessage:{message}\n")),
        "{error:?}"
    );
    assert_eq!(stream.line().await.unwrap(), close);
    assert_eq!(stream.line().await, None);
}

#[tokio::test]
async fn stomp_7_after_disconnect_every_request_is_answered_with_go_away() {
    let node = Node::start(&MemoryLog::default()).await;
    let browser = Browser::of(&node, ALICE);
    browser.connect().await;
    browser.say(&["DISCONNECT\nreceipt:bye\n\n\0"]).await;
    assert_eq!(browser.messages().await, ["RECEIPT\nreceipt-id:bye\n\n\0"]);
    for _ in 0..3 {
        assert_eq!(browser.frame().await, r#"c[3000,"Go away!"]"#);
    }
    assert_eq!(browser.send_raw("[]").await.0, 404);
    assert!(node.websocket.is_idle());
}

#[tokio::test]
async fn stomp_7_n10_a_logout_ends_sessions_over_plain_http() {
    let node = Node::start(&MemoryLog::default()).await;
    let (alice, polling, bob) = (
        Browser::of(&node, ALICE),
        Browser::of(&node, ALICE),
        Browser::of(&node, BOB),
    );
    for browser in [&alice, &polling, &bob] {
        browser.connect().await;
    }
    let mut stream = alice.streaming().await;
    let begun = Instant::now();
    let (last, ()) = tokio::join!(polling.messages(), async {
        // Nothing shows that the poll waits, but that the session goes on with it.
        polling.say(&["\n"]).await;
        log_out_alice(&node);
    });
    assert!(
        last[0].starts_with("ERROR\nmessage:session ended\n"),
        "{last:?}"
    );
    assert_ends(&mut stream, "session ended", r#"c[1002,""]"#).await;
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert_eq!(
        polling.frame().await,
        r#"c[1002,""]"#,
        "though its cookie is no longer good"
    );
    assert_eq!(polling.send_raw("[]").await.0, 404);
    bob.subscribe(ROOM).await;
}

#[tokio::test]
async fn stomp_7_messages_that_wait_when_a_session_ends_are_only_for_its_owner() {
    let node = Node::start(&MemoryLog::default()).await;
    let alice = Browser::of(&node, ALICE);
    alice.connect().await;
    alice
        .say(&["SUBSCRIBE\nid:0\ndestination:/nowhere\n\n\0"])
        .await;
    eventually(|| node.websocket.is_idle()).await;
    assert_eq!(alice.other().frame().await, r#"c[1002,""]"#);
    let error = alice.messages().await;
    assert!(
        error[0].starts_with("ERROR\nmessage:no such destination\n"),
        "{error:?}"
    );
    assert_eq!(alice.frame().await, r#"c[1002,""]"#);
}

#[tokio::test]
async fn stomp_7_n10_a_session_ends_with_its_token() {
    let node = Node::start(&MemoryLog::default()).await;
    let begun = Instant::now();
    let browser = Browser::anonymous(&node).with_token(&token(ALICE, 2));
    browser.connect().await;
    let mut stream = browser.streaming().await;
    assert_ends(&mut stream, "session expired", r#"c[1002,""]"#).await;
    assert!(begun.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn stomp_7_n6_a_client_that_does_not_connect_in_time_is_closed() {
    let settings = Settings {
        connect_within: Duration::from_millis(100),
        ..Settings::default()
    };
    let node = Node::with(&MemoryLog::default(), settings).await;
    let mut stream = Browser::of(&node, ALICE).streaming().await;
    assert_eq!(stream.line().await.unwrap(), "o");
    assert_ends(&mut stream, "connect took too long", r#"c[1002,""]"#).await;
}

#[tokio::test]
async fn stomp_7_stopping_ends_every_session_with_a_reason() {
    let settings = Settings {
        closing_spread: Duration::from_millis(100),
        ..Settings::default()
    };
    let node = Node::with(&MemoryLog::default(), settings).await;
    let mut streams = Vec::new();
    for transport in ["xhr_streaming", "eventsource", "xhr"] {
        let browser = Browser::of(&node, ALICE);
        browser.connect().await;
        streams.push(browser.stream(transport).await);
    }
    let signal = Notify::new();
    signal.notify_one();
    let clients_see = async {
        for stream in &mut streams {
            let mut text = String::new();
            while let Some(line) = stream.line().await {
                text.push_str(&line);
            }
            assert!(
                text.contains(r#"c[1001,"server is stopping, reconnect"]"#),
                "{text}"
            );
        }
    };
    let begun = Instant::now();
    let (stopped, ()) = tokio::join!(node.lifecycle.run_until(|| signal.notified()), clients_see);
    stopped.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(4), "nothing lingers");
    assert!(node.websocket.is_idle());
}

#[tokio::test]
async fn stomp_7_a_node_that_missed_something_ends_its_sessions_with_a_reason() {
    let log = MemoryLog::default();
    let node = Node::start(&log).await;
    let browser = Browser::in_room(&node, ALICE).await;
    let mut stream = browser.streaming().await;
    log.lose();
    assert_eq!(
        stream.frame().await,
        r#"c[1012,"events were missed, reconnect and fetch history"]"#
    );
    assert_eq!(stream.line().await, None);
}

#[tokio::test]
async fn stomp_7_n9_sessions_that_come_and_go_leave_nothing() {
    let node = Node::start(&MemoryLog::default()).await;
    for round in 0..60 {
        let browser = Browser::of(&node, ALICE);
        assert_eq!(browser.frame().await, "o");
        browser.say(&[CONNECT]).await;
        match round % 3 {
            0 => drop(browser.streaming().await),
            1 => browser.say(&["DISCONNECT\n\n\0"]).await,
            _ => {}
        }
    }
    eventually(|| node.websocket.is_idle()).await;
}
