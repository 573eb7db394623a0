//! Who a session belongs to, and how long.

use std::time::Duration;

use colloquy_websocket::Settings;
use tokio::time::Instant;

use crate::harness::{ALICE, BOB, Node, client::Client, memory_log::MemoryLog, token};

#[tokio::test]
async fn stomp_n5_a_valid_header_is_enough_and_a_valid_cookie_wins() {
    let node = Node::start(&MemoryLog::default()).await;
    let (alice, bob) = (token(ALICE, 60), token(BOB, 60));
    let mut by_header = Client::anonymous(node.address).await;
    let mut by_cookie = Client::with_cookie(node.address, &alice).await;
    let mut despite_cookie = Client::with_cookie(node.address, "garbage").await;
    for (client, user) in [
        (&mut by_header, "\nuser-name:2\n"),
        (&mut by_cookie, "\nuser-name:1\n"),
        (&mut despite_cookie, "\nuser-name:2\n"),
    ] {
        client
            .say(&format!(
                "CONNECT\naccept-version:1.2\njwt_token:{bob}\n\n\0"
            ))
            .await;
        let connected = client.frame().await;
        assert!(connected.contains(user), "{connected}");
    }
}

#[tokio::test]
async fn stomp_n5_no_bad_and_expired_tokens_are_refused_with_the_same_words() {
    let node = Node::start(&MemoryLog::default()).await;
    let expired = token(ALICE, -1);
    let forged = format!("{}x", token(ALICE, 60));
    for header in [
        String::new(),
        "jwt_token:x\n".into(),
        format!("jwt_token:{forged}\n"),
    ] {
        let mut client = Client::with_cookie(node.address, &expired).await;
        client
            .say(&format!("CONNECT\naccept-version:1.2\n{header}\n\0"))
            .await;
        assert_eq!(client.error().await, ("authentication failed".into(), 1002));
    }
}

#[tokio::test]
async fn stomp_n10_a_session_ends_within_two_seconds_of_its_token() {
    let node = Node::start(&MemoryLog::default()).await;
    let begun = Instant::now();
    let mut client = Client::with_cookie(node.address, &token(ALICE, 2)).await;
    client.say("CONNECT\naccept-version:1.2\n\n\0").await;
    assert!(client.frame().await.starts_with("CONNECTED\n"));
    client.subscribe("0", "/user/topic/rooms").await;

    assert_eq!(client.error().await, ("session expired".into(), 1002));
    assert!(begun.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn stomp_n6_a_client_that_does_not_connect_in_time_is_closed() {
    let settings = Settings {
        connect_within: Duration::from_millis(100),
        ..Settings::default()
    };
    let node = Node::with(&MemoryLog::default(), settings).await;
    let mut client = Client::anonymous(node.address).await;
    client.say("\n\nCONN").await;
    assert_eq!(client.error().await, ("connect took too long".into(), 1002));
}
