//! `xhr_streaming` and `eventsource`: answers that go on.

use std::time::Duration;

use colloquy_websocket::{Settings, close_reason::CloseReason};
use tokio::time::Instant;

use super::browser::{Browser, CONNECT, ROOM, seq};
use crate::{
    bursts::burst,
    harness::{
        ALICE, BOB, Node,
        client::Client,
        events::{long_message, message},
        eventually,
        memory_log::MemoryLog,
    },
};

#[tokio::test]
async fn stomp_7_a_stream_begins_with_two_kib_and_goes_on() {
    let log = MemoryLog::default();
    let node = Node::start(&log).await;
    let browser = Browser::of(&node, ALICE);
    let mut stream = browser.streaming().await;
    assert_eq!(
        stream.response.headers()["content-type"],
        "application/javascript; charset=UTF-8"
    );
    assert_eq!(stream.line().await.unwrap(), "o");
    browser.say(&[CONNECT]).await;
    let connected = stream.messages().await;
    assert!(connected[0].starts_with("CONNECTED\n"), "{connected:?}");
    browser.ask_for(ROOM).await;
    assert_eq!(
        stream.messages().await,
        ["RECEIPT\nreceipt-id:subscribed\n\n\0"]
    );
    for number in 1..=5 {
        log.add(message(1, number)).await;
        assert_eq!(seq(&stream.messages().await[0]), number);
    }
}

#[tokio::test]
async fn stomp_7_an_eventsource_brings_frames_as_events() {
    let log = MemoryLog::default();
    let node = Node::start(&log).await;
    let browser = Browser::of(&node, ALICE);
    let mut stream = browser.stream("eventsource").await;
    assert_eq!(
        stream.response.headers()["content-type"],
        "text/event-stream; charset=UTF-8"
    );
    for line in ["\r", "data: o\r", "\r"] {
        assert_eq!(stream.line().await.unwrap(), line);
    }
    browser.say(&[CONNECT]).await;
    let event = stream.line().await.unwrap();
    assert!(event.starts_with(r#"data: a["CONNECTED\n"#), "{event}");
    assert_eq!(stream.line().await.unwrap(), "\r");
}

/// Reads a room over as many answers as it takes: none is much longer than it may be, and nothing is lost between them.
async fn read_on(transport: &str) {
    const MESSAGES: i64 = 200;
    let log = MemoryLog::default();
    let node = Node::start(&log).await;
    let browser = Browser::in_room(&node, ALICE).await;
    let mut stream = browser.stream(transport).await;
    let (mut sent, mut last, mut octets, mut streams) = (0, 0, 0, 1);
    while last < MESSAGES {
        if sent == last {
            sent += 1;
            log.add(long_message(1, sent, "x".repeat(4_000))).await;
        }
        let Some(line) = stream.line().await else {
            assert!((128 * 1024..136 * 1024).contains(&octets), "{octets}");
            (octets, streams) = (0, streams + 1);
            stream = browser.stream(transport).await;
            continue;
        };
        let line = line.trim_end_matches('\r');
        let frame = line.strip_prefix("data: ").unwrap_or(line);
        if frame.starts_with("hh") || frame.is_empty() {
            continue;
        }
        octets += line.len() + if frame == line { 1 } else { 4 };
        for message in super::browser::messages(frame).unwrap_or_default() {
            last += 1;
            assert_eq!(seq(&message), last);
        }
    }
    assert!(streams > 6, "{streams}");
}

#[tokio::test]
async fn stomp_7_a_stream_ends_after_128_kib_and_the_next_goes_on_without_a_gap() {
    read_on("xhr_streaming").await;
}

#[tokio::test]
async fn stomp_7_an_eventsource_ends_after_128_kib_and_the_next_goes_on_without_a_gap() {
    read_on("eventsource").await;
}

/// Reads a burst of more than a queue holds over plain HTTP, from so far away that the fan-out takes nothing for 50 ms
/// between two requests.
async fn a_burst_reaches_a_distant_reader(transport: &str) {
    const MESSAGES: i64 = 24;
    const ROUND_TRIP: Duration = Duration::from_millis(100);
    let log = MemoryLog::default();
    let settings = Settings {
        queue_bytes: 128 * 1024,
        ..Settings::default()
    };
    let node = Node::with(&log, settings).await;
    let browser = Browser::in_room(&node, ALICE).await;
    tokio::time::sleep(ROUND_TRIP).await;
    burst(&log, MESSAGES).await;
    let mut last = 0;
    while last < MESSAGES {
        tokio::time::sleep(ROUND_TRIP).await;
        let mut answer = browser.stream(transport).await;
        while let Some(line) = answer.line().await {
            for message in super::browser::messages(&line).unwrap_or_default() {
                last += 1;
                assert_eq!(seq(&message), last);
            }
            if last == MESSAGES {
                break;
            }
        }
    }
}

#[tokio::test]
async fn b18_a_burst_reaches_a_distant_client_that_polls() {
    a_burst_reaches_a_distant_reader("xhr").await;
}

#[tokio::test]
async fn b18_a_burst_reaches_a_distant_client_that_streams() {
    a_burst_reaches_a_distant_reader("xhr_streaming").await;
}

#[tokio::test]
async fn stomp_7_an_idle_stream_brings_heart_beats_and_stays() {
    let settings = Settings {
        ping_after: Duration::from_millis(200),
        ..Settings::default()
    };
    let node = Node::with(&MemoryLog::default(), settings).await;
    let browser = Browser::of(&node, ALICE);
    browser.connect().await;
    let mut stream = browser.streaming().await;
    for _ in 0..8 {
        assert_eq!(stream.line().await.unwrap(), "h");
    }
    browser.ask_for(ROOM).await;
    assert_eq!(
        stream.messages().await,
        ["RECEIPT\nreceipt-id:subscribed\n\n\0"]
    );
}

#[tokio::test]
async fn stomp_7_a_stream_that_is_broken_off_ends_its_session() {
    let node = Node::start(&MemoryLog::default()).await;
    for transport in ["xhr_streaming", "eventsource", "xhr"] {
        let browser = Browser::in_room(&node, ALICE).await;
        let method = match transport {
            "eventsource" => http::Method::GET,
            _ => http::Method::POST,
        };
        let answer = browser.request(method, transport).send().await.unwrap();
        drop(answer);
        eventually(|| node.websocket.is_idle()).await;
        for _ in 0..2 {
            assert_eq!(
                browser.frame().await,
                r#"c[1002,"Connection interrupted!"]"#,
                "{transport}"
            );
        }
        assert_eq!(browser.send_raw("[]").await.0, 404);
    }
}

/// Together less than ends a stream, and more than the kernel and the server's HTTP take of it when it is narrow.
#[tokio::test]
async fn stomp_7_f20_a_stream_that_is_not_read_ends_and_the_others_get_everything() {
    const MESSAGES: i64 = 110;
    /// Less than it takes until a session without a receiver ends.
    const SLACK: Duration = Duration::from_secs(2);
    let log = MemoryLog::default();
    let settings = Settings {
        write_within: Duration::from_millis(500),
        ..Settings::default()
    };
    let node = Node::narrow(&log, settings.clone()).await;
    let mut quick = Client::connected(node.address, BOB).await;
    quick.subscribe("0", ROOM).await;
    let browser = Browser::in_room(&node, ALICE).await;
    let _stalled = browser.unread("xhr_streaming").await;

    for number in 1..=MESSAGES {
        log.add(long_message(1, number, "x".repeat(900))).await;
        assert_eq!(quick.seq().await, number);
    }
    let begun = Instant::now();
    eventually(|| node.websocket.open_connections() == 1).await;
    assert!(begun.elapsed() < settings.write_within + SLACK);
    assert_eq!(
        browser.frame().await,
        r#"c[4500,"client is too slow, reconnect and fetch history"]"#
    );
    let close_timeout = CloseReason::TooSlow.close_timeout();
    assert!(begun.elapsed() < settings.write_within + close_timeout + SLACK);
}
