//! Sessions that have ended before their time (decision 23).

use std::time::Duration;

use colloquy_contracts::Timestamp;
use colloquy_service_api::revocations::{Ended, Revocation, Revocations};
use colloquy_websocket::Settings;
use http::header;
use tokio::time::Instant;

use crate::harness::{
    ALICE, BOB, Node, client::Client, events::long_message, eventually, later,
    memory_log::MemoryLog, nothing_new, session_id, token,
};

const CONNECT: &str = "CONNECT\naccept-version:1.2\n";

/// Alice logs out.
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

#[tokio::test]
async fn stomp_n10_open_sessions_of_a_revoked_token_end_with_an_error_and_others_go_on() {
    let node = Node::start(&MemoryLog::default()).await;
    let mut alice = [
        Client::connected(node.address, ALICE).await,
        Client::connected(node.address, ALICE).await,
    ];
    let mut bob = Client::connected(node.address, BOB).await;
    for client in &mut alice {
        client.subscribe("0", "/user/topic/rooms").await;
    }
    let begun = Instant::now();
    log_out_alice(&node);
    for client in &mut alice {
        assert_eq!(client.error().await, ("session ended".into(), 1002));
    }
    assert!(begun.elapsed() < Duration::from_secs(2));
    bob.subscribe("0", "/user/topic/rooms").await;
    drop(bob);
    eventually(|| node.websocket.is_idle()).await;
}

#[tokio::test]
async fn stomp_n5_a_revoked_token_is_refused_with_the_words_of_any_other_bad_one() {
    let node = Node::start(&MemoryLog::default()).await;
    log_out_alice(&node);
    let alice = token(ALICE, 60);
    for (cookie, header) in [(alice.as_str(), String::new()), ("garbage", alice.clone())] {
        let mut client = Client::with_cookie(node.address, cookie).await;
        client
            .say(&format!("{CONNECT}jwt_token:{header}\n\n\0"))
            .await;
        assert_eq!(client.error().await, ("authentication failed".into(), 1002));
    }
    let mut client = Client::with_cookie(node.address, &alice).await;
    let bob = token(BOB, 60);
    client.say(&format!("{CONNECT}jwt_token:{bob}\n\n\0")).await;
    assert!(client.frame().await.contains("\nuser-name:2\n"));
}

#[tokio::test]
async fn b07_of_several_cookies_of_a_handshake_the_one_that_is_valid_counts() {
    let node = Node::start(&MemoryLog::default()).await;
    log_out_alice(&node);
    let (ended, expired, good) = (token(ALICE, 60), token(BOB, -1), token(BOB, 60));
    let good = format!("jwt_token={good}");
    for other in [
        format!("jwt_token={ended}"),
        format!("jwt_token={expired}"),
        "jwt_token=garbage".to_owned(),
        "city=München".to_owned(),
    ] {
        let (before, after) = (format!("{other}; {good}"), format!("{good}; {other}"));
        for cookies in [
            &[(header::COOKIE, before.as_str())][..],
            &[(header::COOKIE, after.as_str())],
            &[(header::COOKIE, &other), (header::COOKIE, &good)],
        ] {
            let (mut client, _) = Client::upgrade(node.address, cookies).await.unwrap();
            client.say(&format!("{CONNECT}\n\0")).await;
            let connected = client.frame().await;
            assert!(
                connected.contains("\nuser-name:2\n"),
                "{other}: {connected}"
            );
        }
    }
}

#[tokio::test]
async fn invariant_12_a_stale_list_admits_no_client_and_leaves_open_sessions_alone() {
    let node = Node::start(&MemoryLog::default()).await;
    let mut open = Client::connected(node.address, ALICE).await;
    let long_ago = Instant::now() - Duration::from_secs(3);
    node.revocations.apply(&nothing_new(), long_ago);
    let mut late = Client::with_cookie(node.address, &token(ALICE, 60)).await;
    late.say(&format!("{CONNECT}\n\0")).await;
    assert_eq!(late.error().await, ("temporarily unavailable".into(), 1013));
    open.subscribe("0", "/topic/message/roomId/1").await;
}

/// Alice with a token for so many seconds, who reads nothing, though more waits for her than the kernel takes.
async fn stalled(seconds: i64) -> (Node, Client) {
    const ROOM: &str = "/topic/message/roomId/1";
    let log = MemoryLog::default();
    let settings = Settings {
        queue_bytes: usize::MAX,
        ..Settings::default()
    };
    let node = Node::with(&log, settings).await;
    let mut alice = Client::with_cookie(node.address, &token(ALICE, seconds)).await;
    alice.say(&format!("{CONNECT}\n\0")).await;
    assert!(alice.frame().await.starts_with("CONNECTED\n"));
    let mut bob = Client::connected(node.address, BOB).await;
    for client in [&mut alice, &mut bob] {
        client.subscribe("0", ROOM).await;
    }
    for seq in 1..=400 {
        log.add(long_message(1, seq, "x".repeat(40_000))).await;
        assert_eq!(bob.seq().await, seq);
    }
    drop(bob);
    eventually(|| node.websocket.open_connections() == 1).await;
    (node, alice)
}

#[tokio::test]
async fn stomp_n10_a_client_that_reads_nothing_is_gone_and_cut_in_two_seconds_all_the_same() {
    let (node, mut alice) = stalled(60).await;
    let begun = Instant::now();
    log_out_alice(&node);
    eventually(|| node.websocket.is_idle()).await;
    assert!(begun.elapsed() < Duration::from_secs(1), "still online");
    alice.cut().await;
    assert!(begun.elapsed() < Duration::from_secs(2), "still connected");
}

#[tokio::test]
async fn stomp_n10_a_token_ends_though_its_client_reads_nothing() {
    let begun = Instant::now();
    let (node, mut alice) = stalled(4).await;
    assert!(!node.websocket.is_idle(), "ended before its time");
    eventually(|| node.websocket.is_idle()).await;
    alice.cut().await;
    assert!(begun.elapsed() < Duration::from_secs(6));
}
