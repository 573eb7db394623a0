//! Sessions that have ended before their time (decision 23).

use std::time::Duration;

use colloquy_contracts::Timestamp;
use colloquy_service_api::revocations::{Ended, Revocation, Revocations};
use tokio::time::Instant;

use crate::harness::{
    ALICE, BOB, Node, client::Client, eventually, later, memory_log::MemoryLog, nothing_new,
    session_id, token,
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
async fn invariant_12_a_stale_list_lets_nobody_in_and_leaves_open_sessions_alone() {
    let node = Node::start(&MemoryLog::default()).await;
    let mut open = Client::connected(node.address, ALICE).await;
    let long_ago = Instant::now() - Duration::from_secs(3);
    node.revocations.apply(&nothing_new(), long_ago);
    let mut late = Client::with_cookie(node.address, &token(ALICE, 60)).await;
    late.say(&format!("{CONNECT}\n\0")).await;
    assert_eq!(late.error().await, ("temporarily unavailable".into(), 1013));
    open.subscribe("0", "/topic/message/roomId/1").await;
}
