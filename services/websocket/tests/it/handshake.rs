//! `GET /ws/chat` before it is a socket.

use axum::body::Body;
use colloquy_websocket::{Settings, router};
use http::{Request, header};
use tokio_tungstenite::tungstenite::Error;
use tower::ServiceExt as _;

use crate::harness::{
    ALICE, Node, PAGE, client::Client, eventually, memory_log::MemoryLog, plain_http::ask,
};

const UPGRADE: &str = "connection: Upgrade\r\nupgrade: websocket";
const KEY: &str = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==";

#[tokio::test]
async fn stomp_w8_what_is_no_handshake_is_answered_in_the_envelope() {
    let node = Node::start(&MemoryLog::default()).await;
    let version = "sec-websocket-version: 13";
    for (method, headers, status) in [
        ("GET", &[][..], 400),
        ("GET", &[KEY, version], 400),
        ("GET", &[UPGRADE, version], 400),
        ("GET", &[UPGRADE, KEY], 426),
        ("GET", &[UPGRADE, KEY, "sec-websocket-version: 8"], 426),
        ("POST", &[UPGRADE, KEY, version, "content-length: 0"], 405),
        ("DELETE", &[], 405),
        (
            "GET",
            &[UPGRADE, KEY, version, "origin: http://elsewhere.example"],
            403,
        ),
        ("GET", &[UPGRADE, KEY, version, "origin: null"], 403),
        (
            "GET",
            &[UPGRADE, KEY, version, "sec-fetch-site: cross-site"],
            403,
        ),
    ] {
        let answer = ask(node.address, method, headers).await;
        assert_eq!(answer.status, status, "{method} {headers:?}");
        assert_eq!(answer.body["success"], false);
        assert!(answer.body["message"].is_string());
        assert!(answer.header("x-request-id").is_some());
        match status {
            405 => assert!(answer.header("allow").unwrap().contains("GET")),
            426 => assert_eq!(answer.header("sec-websocket-version"), Some("13")),
            _ => {}
        }
    }
    // Nothing, 15 octets, 17, four, another alphabet, and no padding.
    for key in [
        "",
        "MTUgb2N0ZXRzIGFsb25l",
        "c2V2ZW50ZWVuIG9jdGV0cyE=",
        "Zm91cg==",
        "dGhlIHNhbXBsZSBub25j-Q==",
        "dGhlIHNhbXBsZSBub25jZQ",
    ] {
        let key = format!("sec-websocket-key: {key}");
        let answer = ask(node.address, "GET", &[UPGRADE, version, &key]).await;
        assert_eq!(answer.status, 400, "{key}");
    }
}

#[tokio::test]
async fn stomp_w8_the_route_answers_in_the_envelope_wherever_it_is_mounted() {
    let node = Node::start(&MemoryLog::default()).await;
    let request = Request::post("/ws/chat").body(Body::empty()).unwrap();
    let response = router(node.websocket).oneshot(request).await.unwrap();
    assert_eq!(response.status(), 405);
    assert_eq!(response.headers()[header::ALLOW], "GET,HEAD");
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
}

#[tokio::test]
async fn stomp_w1_a_client_gets_the_sub_protocol_it_asked_for() {
    let node = Node::start(&MemoryLog::default()).await;
    let offer = (header::SEC_WEBSOCKET_PROTOCOL, "v10.stomp, v12.stomp");
    let (_, response) = Client::upgrade(node.address, &[offer, (header::ORIGIN, PAGE)])
        .await
        .unwrap();
    assert_eq!(
        response.headers()[header::SEC_WEBSOCKET_PROTOCOL],
        "v12.stomp"
    );
}

#[tokio::test]
async fn stomp_w3_connect_decides_the_version_whatever_the_sub_protocol() {
    let node = Node::start(&MemoryLog::default()).await;
    let cookie = format!("jwt_token={}", crate::harness::token(ALICE, 60));
    let (mut client, _) = Client::upgrade(
        node.address,
        &[
            (header::SEC_WEBSOCKET_PROTOCOL, "v10.stomp"),
            (header::COOKIE, &cookie),
        ],
    )
    .await
    .unwrap();
    client.say("CONNECT\naccept-version:1.2\n\n\0").await;
    assert!(client.frame().await.contains("\nversion:1.2\n"));
}

#[tokio::test]
async fn decision_16_no_client_is_admitted_before_the_node_follows_the_log() {
    let log = MemoryLog::default();
    log.set_down(true);
    let node = Node::unready(&log, Settings::default()).await;
    match Client::upgrade(node.address, &[]).await {
        Err(Error::Http(response)) => assert_eq!(response.status(), 503),
        other => panic!("let in: {:?}", other.map(|(_, response)| response)),
    }
    assert_eq!(node.readiness.waiting_for(), ["event log"]);

    log.set_down(false);
    eventually(|| node.readiness.waiting_for().is_empty()).await;
    Client::connected(node.address, ALICE).await;
}
