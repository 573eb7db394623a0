//! Whose session it is.

use http::Method;

use super::browser::{Browser, CONNECT};
use crate::harness::{ALICE, BOB, Node, memory_log::MemoryLog, token};

/// Who a session belongs to after this CONNECT.
async fn user(browser: &Browser, connect: &str) -> String {
    assert_eq!(browser.frame().await, "o");
    browser.say(&[connect]).await;
    browser.messages().await.remove(0)
}

fn connect_with(token: &str) -> String {
    format!("CONNECT\naccept-version:1.2\njwt_token:{token}\n\n\0")
}

#[tokio::test]
async fn stomp_7_the_cookie_of_the_request_that_opens_the_session_decides() {
    let node = Node::start(&MemoryLog::default()).await;
    let as_bob = connect_with(&token(BOB, 60));
    let alice = Browser::of(&node, ALICE);
    assert!(user(&alice, &as_bob).await.contains("\nuser-name:1\n"));
    let expired = Browser::anonymous(&node).with_token(&token(ALICE, -1));
    assert!(user(&expired, &as_bob).await.contains("\nuser-name:2\n"));
    let anonymous = Browser::anonymous(&node);
    assert!(user(&anonymous, &as_bob).await.contains("\nuser-name:2\n"));
    let anonymous = Browser::anonymous(&node);
    let error = user(&anonymous, CONNECT).await;
    assert!(
        error.contains("\nmessage:authentication failed\n"),
        "{error}"
    );
}

#[tokio::test]
async fn stomp_7_a_session_opened_by_a_cookie_is_closed_to_requests_of_others() {
    let node = Node::start(&MemoryLog::default()).await;
    let alice = Browser::of(&node, ALICE);
    alice.connect().await;
    let forged = format!("{}x", token(ALICE, 60));
    for other in [
        alice.other(),
        alice.other().with_token(&token(BOB, 60)),
        alice.other().with_token(&token(ALICE, -1)),
        alice.other().with_token(&forged),
    ] {
        for (method, transport) in [
            (Method::POST, "xhr"),
            (Method::POST, "xhr_streaming"),
            (Method::GET, "eventsource"),
            (Method::POST, "xhr_send"),
        ] {
            let request = other.request(method, transport).body("[\"\\n\"]");
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 403, "{transport}");
            let body: serde_json::Value = response.json().await.unwrap();
            assert_eq!(body["message"], "This session is not yours.");
        }
    }
    let again = alice.other().with_token(&token(ALICE, 120));
    again.subscribe("/user/topic/rooms").await;
    alice.say(&["\n"]).await;
}

#[tokio::test]
async fn stomp_7_a_session_opened_without_a_cookie_looks_at_none_later() {
    let node = Node::start(&MemoryLog::default()).await;
    let browser = Browser::anonymous(&node);
    let connected = user(&browser, &connect_with(&token(BOB, 60))).await;
    assert!(connected.contains("\nuser-name:2\n"), "{connected}");
    let with_cookie = browser.other().with_token(&token(ALICE, 60));
    with_cookie.subscribe("/user/topic/rooms").await;
}

#[tokio::test]
async fn stomp_7_decision_16_no_client_is_admitted_before_the_node_follows_the_log() {
    let log = MemoryLog::default();
    log.set_down(true);
    let node = Node::unready(&log, colloquy_websocket::Settings::default()).await;
    let browser = Browser::of(&node, ALICE);
    for (method, transport) in [
        (Method::POST, "xhr"),
        (Method::POST, "xhr_streaming"),
        (Method::GET, "eventsource"),
    ] {
        let response = browser.request(method, transport).send().await.unwrap();
        assert_eq!(response.status(), 503, "{transport}");
    }
    assert_eq!(node.websocket.open_connections(), 0);
}
