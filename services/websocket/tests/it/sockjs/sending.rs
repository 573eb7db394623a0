//! `xhr_send`: what a client says, however strange it is.

use super::browser::{Browser, CONNECT};
use crate::harness::{ALICE, Node, memory_log::MemoryLog};

#[tokio::test]
async fn stomp_7_a_body_that_is_none_is_refused_in_the_words_of_the_protocol_and_the_session_goes_on()
 {
    let node = Node::start(&MemoryLog::default()).await;
    let browser = Browser::of(&node, ALICE);
    browser.connect().await;
    assert_eq!(
        browser.send_raw("").await,
        (500, "Payload expected.".to_owned())
    );
    for broken in [
        "[",
        "[\"a",
        "[\"a\",",
        "{}",
        "null",
        "1",
        "\"a\"",
        "a",
        "[1]",
        "[[\"a\"]]",
        "[\"\\ud800\"]",
        "[\"\n\"]",
        " ",
        "\0",
        "\u{feff}[]",
        "CONNECT\n\n\0",
    ] {
        assert_eq!(
            browser.send_raw(broken).await,
            (500, "Broken JSON encoding.".to_owned()),
            "{broken:?}"
        );
    }
    assert_eq!(browser.send_raw(vec![0xff, 0xfe]).await.0, 500);
    assert_eq!(browser.send_raw(vec![b'['; 60_000]).await.0, 500);
    browser.say(&[]).await;
    browser.say(&["\n", ""]).await;
    browser.subscribe("/user/topic/rooms").await;
}

#[tokio::test]
async fn stomp_7_any_content_type_is_taken_and_the_answer_is_empty() {
    let node = Node::start(&MemoryLog::default()).await;
    let browser = Browser::of(&node, ALICE);
    assert_eq!(browser.frame().await, "o");
    for kind in ["text/plain", "application/xml", "application/json", "T"] {
        let request = browser.request(http::Method::POST, "xhr_send");
        let response = request.header("content-type", kind).body("[]").send().await;
        let response = response.unwrap();
        assert_eq!(response.status(), 204, "{kind}");
        assert_eq!(
            response.headers()["content-type"],
            "text/plain; charset=UTF-8"
        );
        assert_eq!(response.bytes().await.unwrap().len(), 0);
    }
}

#[tokio::test]
async fn stomp_7_an_unknown_session_is_not_found_and_not_opened() {
    let node = Node::start(&MemoryLog::default()).await;
    let browser = Browser::of(&node, ALICE);
    for body in ["[]", "", "["] {
        assert_eq!(browser.send_raw(body).await.0, 404, "{body}");
    }
    assert_eq!(node.websocket.open_connections(), 0);
}

#[tokio::test]
async fn stomp_7_a_body_has_at_most_64_kib() {
    let node = Node::start(&MemoryLog::default()).await;
    let browser = Browser::of(&node, ALICE);
    browser.connect().await;
    let body = |octets: usize| format!("[\"{}\"]", "\\n".repeat((octets - 4) / 2));
    assert_eq!(browser.send_raw(body(64 * 1024)).await.0, 204);
    assert_eq!(browser.send_raw(body(64 * 1024 + 2)).await.0, 413);
    browser.subscribe("/user/topic/rooms").await;
}

#[tokio::test]
async fn stomp_7_frames_in_pieces_and_several_in_one_message_are_read() {
    let node = Node::start(&MemoryLog::default()).await;
    let browser = Browser::of(&node, ALICE);
    assert_eq!(browser.frame().await, "o");
    let (head, rest) = CONNECT.split_at(9);
    browser.say(&[head]).await;
    let subscribe = "SUBSCRIBE\nid:0\ndestination:/user/topic/rooms\nreceipt:r\n\n\0";
    browser.say(&[rest, &format!("\n{subscribe}")]).await;
    let mut messages = browser.messages().await;
    if messages.len() < 2 {
        messages.extend(browser.messages().await);
    }
    assert!(messages[0].starts_with("CONNECTED\n"), "{messages:?}");
    assert_eq!(messages[1], "RECEIPT\nreceipt-id:r\n\n\0");
}

#[tokio::test]
async fn stomp_7_stomps_limits_hold_over_plain_http() {
    let node = Node::start(&MemoryLog::default()).await;
    let browser = Browser::of(&node, ALICE);
    browser.connect().await;
    let half = "x".repeat(40_000);
    browser
        .say(&["SEND\ndestination:/app/typing\n\n", &half])
        .await;
    browser.say(&[&half]).await;
    let error = browser.messages().await;
    assert!(error[0].starts_with("ERROR\n"), "{error:?}");
    assert_eq!(browser.frame().await, r#"c[1002,""]"#);
    assert_eq!(browser.send_raw("[]").await.0, 404);
}
