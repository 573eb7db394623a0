//! Which addresses there are.

use http::Method;
use reqwest::{Client, Response};

use crate::harness::{Node, memory_log::MemoryLog};

async fn call(node: &Node, method: Method, path: &str) -> Response {
    let url = format!("http://{}/ws/chat-sockjs{path}", node.address);
    Client::new().request(method, url).send().await.unwrap()
}

#[tokio::test]
async fn stomp_7_an_address_with_a_dot_or_an_empty_part_is_none() {
    let node = Node::start(&MemoryLog::default()).await;
    let long = "s".repeat(129);
    for (server, session) in [
        ("", ""),
        ("", "s"),
        ("0", ""),
        ("0.0", "s"),
        ("0", "s.s"),
        ("0", "s%2Es"),
        ("%2e0", "s"),
        ("0", "s%2Fs"),
        ("0", "%ff"),
        ("0/0", "s"),
        ("0", &long),
        (&long, "s"),
    ] {
        for (method, transport) in [
            (Method::POST, "xhr"),
            (Method::POST, "xhr_send"),
            (Method::POST, "xhr_streaming"),
            (Method::GET, "eventsource"),
            (Method::GET, "websocket"),
        ] {
            let path = format!("/{server}/{session}/{transport}");
            let response = call(&node, method, &path).await;
            assert_eq!(response.status(), 404, "{path}");
            let body: serde_json::Value = response.json().await.unwrap();
            assert_eq!(body["success"], false, "{path}");
        }
    }
    for path in [
        "/0",
        "/0/s",
        "/0/s/",
        "/0/s/jsonp",
        "/0/s/xhr/",
        "/iframe.html",
    ] {
        assert_eq!(call(&node, Method::GET, path).await.status(), 404, "{path}");
    }
    assert_eq!(node.websocket.open_connections(), 0);
}

#[tokio::test]
async fn stomp_7_another_method_is_refused() {
    let node = Node::start(&MemoryLog::default()).await;
    for (method, path) in [
        (Method::POST, ""),
        (Method::POST, "/info"),
        (Method::GET, "/0/s/xhr"),
        (Method::PUT, "/0/s/xhr_send"),
        (Method::GET, "/0/s/xhr_streaming"),
        (Method::POST, "/0/s/eventsource"),
        (Method::POST, "/0/s/websocket"),
        (Method::POST, "/websocket"),
    ] {
        let response = call(&node, method.clone(), path).await;
        assert_eq!(response.status(), 405, "{method} {path}");
        assert!(response.headers().contains_key("allow"), "{method} {path}");
        let body: serde_json::Value = response.json().await.unwrap();
        assert_eq!(body["success"], false, "{method} {path}");
    }
    for path in ["/websocket", "/0/s/websocket"] {
        let response = call(&node, Method::GET, path).await;
        assert_eq!(response.status(), 400, "no handshake: {path}");
    }
}
