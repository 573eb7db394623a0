//! `xhr`: one frame an answer.

use std::time::Duration;

use colloquy_websocket::Settings;
use http::Method;
use tokio::time::Instant;

use super::browser::{Browser, CONNECT, ROOM, seq};
use crate::harness::{ALICE, Node, SOON, events::message, eventually, memory_log::MemoryLog};

#[tokio::test]
async fn stomp_7_polls_bring_what_a_socket_would() {
    let log = MemoryLog::default();
    let node = Node::start(&log).await;
    let browser = Browser::of(&node, ALICE);
    let first = browser.request(Method::POST, "xhr").send().await.unwrap();
    assert_eq!(
        first.headers()["content-type"],
        "application/javascript; charset=UTF-8"
    );
    let caching = first.headers()["cache-control"].to_str().unwrap();
    assert!(caching.contains("no-store"), "{caching}");
    assert_eq!(first.text().await.unwrap(), "o\n");

    browser.say(&[CONNECT]).await;
    let connected = browser.messages().await;
    assert!(connected[0].contains("\nuser-name:1\n"), "{connected:?}");
    browser.subscribe(ROOM).await;
    for first in [1, 4, 7] {
        // What comes between two polls waits, and then comes together and in order.
        for seq in first..first + 3 {
            log.add(message(1, seq)).await;
        }
        let mut seqs = Vec::new();
        while seqs.len() < 3 {
            seqs.extend(browser.messages().await.iter().map(|message| seq(message)));
        }
        assert_eq!(seqs, [first, first + 1, first + 2]);
    }
}

#[tokio::test]
async fn stomp_7_a_poll_waits_until_there_is_something() {
    let log = MemoryLog::default();
    let node = Node::start(&log).await;
    let browser = Browser::in_room(&node, ALICE).await;
    let mut poll = browser.request(Method::POST, "xhr").send().await.unwrap();
    log.add(message(1, 1)).await;
    let chunk = tokio::time::timeout(SOON, poll.chunk()).await;
    let frame = chunk.unwrap().unwrap().unwrap();
    assert!(
        frame.starts_with(br#"a["MESSAGE\ndestination:"#),
        "{frame:?}"
    );
    assert_eq!(poll.chunk().await.unwrap(), None, "one frame an answer");
}

#[tokio::test]
async fn stomp_7_the_server_part_of_the_address_names_nothing() {
    let node = Node::start(&MemoryLog::default()).await;
    let url = |server: &str, transport: &str| {
        format!(
            "http://{}/ws/chat-sockjs/{server}/abc/{transport}",
            node.address
        )
    };
    let http = reqwest::Client::new();
    let opened = http.post(url("1", "xhr")).send().await.unwrap();
    assert_eq!(opened.text().await.unwrap(), "o\n");
    let sent = http.post(url("2", "xhr_send")).body("[]").send().await;
    assert_eq!(sent.unwrap().status(), 204);
}

#[tokio::test]
async fn stomp_7_an_idle_poll_brings_a_heart_beat() {
    let settings = Settings {
        ping_after: Duration::from_millis(300),
        ..Settings::default()
    };
    let node = Node::with(&MemoryLog::default(), settings).await;
    let browser = Browser::of(&node, ALICE);
    assert_eq!(browser.frame().await, "o");
    let begun = Instant::now();
    for _ in 0..4 {
        assert_eq!(browser.frame().await, "h");
    }
    assert!(begun.elapsed() >= Duration::from_millis(1_100));
}

#[tokio::test]
async fn stomp_7_the_heart_beats_of_stomp_come_as_messages() {
    let mut settings = Settings::default();
    settings.heart_beat.outgoing = 1_000;
    let node = Node::with(&MemoryLog::default(), settings).await;
    let browser = Browser::of(&node, ALICE);
    assert_eq!(browser.frame().await, "o");
    browser
        .say(&["CONNECT\naccept-version:1.2\nheart-beat:0,1000\n\n\0"])
        .await;
    browser.messages().await;
    assert_eq!(browser.frame().await, r#"a["\n"]"#);
}

#[tokio::test]
async fn stomp_7_there_is_one_receiver_at_a_time() {
    let log = MemoryLog::default();
    let node = Node::start(&log).await;
    let browser = Browser::in_room(&node, ALICE).await;
    let first = browser.request(Method::POST, "xhr").send().await.unwrap();
    let refused = r#"c[2010,"Another connection still open"]"#;
    assert_eq!(browser.frame().await, refused);
    let mut second = browser.streaming().await;
    assert_eq!(second.line().await.unwrap(), refused);
    assert_eq!(second.line().await, None);

    log.add(message(1, 1)).await;
    let text = first.text().await.unwrap();
    assert!(text.starts_with("a["), "the first one goes on: {text}");
}

#[tokio::test]
async fn stomp_7_a_session_without_a_receiver_ends_after_five_seconds() {
    let node = Node::start(&MemoryLog::default()).await;
    let browser = Browser::in_room(&node, ALICE).await;
    let unattended = Instant::now();
    assert_eq!(node.websocket.open_connections(), 1);
    eventually(|| node.websocket.is_idle()).await;
    let waited = unattended.elapsed().as_millis();
    assert!((4_800..7_000).contains(&waited), "{waited} ms");
    assert_eq!(browser.send_raw("[]").await.0, 404);
    assert_eq!(browser.frame().await, "o", "the same name, a new session");
}

#[tokio::test]
async fn stomp_7_a_client_that_does_not_poll_is_bounded_as_a_slow_socket_is() {
    let log = MemoryLog::default();
    let settings = Settings {
        queue_bytes: 64 * 1024,
        ..Settings::default()
    };
    let node = Node::with(&log, settings).await;
    let browser = Browser::in_room(&node, ALICE).await;
    for seq in 1..=100 {
        log.add(crate::harness::events::long_message(
            1,
            seq,
            "x".repeat(2_000),
        ))
        .await;
    }
    // It has had its turn.
    eventually(|| node.websocket.is_idle()).await;
    assert_eq!(
        browser.frame().await,
        r#"c[4500,"client is too slow, reconnect and fetch history"]"#
    );
}

#[tokio::test]
async fn stomp_7_a_node_has_so_many_sessions_and_no_more() {
    let settings = Settings {
        sockjs_sessions: 2,
        ..Settings::default()
    };
    let node = Node::with(&MemoryLog::default(), settings).await;
    let open: Vec<_> = (0..2).map(|_| Browser::anonymous(&node)).collect();
    for browser in &open {
        assert_eq!(browser.frame().await, "o");
    }
    let late = Browser::anonymous(&node);
    let response = late.request(Method::POST, "xhr").send().await.unwrap();
    assert_eq!(response.status(), 503);
    assert!(response.headers().contains_key("retry-after"));
    for browser in &open {
        browser.say(&["DISCONNECT\n\n\0"]).await;
    }
    eventually(|| node.websocket.is_idle()).await;
}
