//! What a client learns before it chooses a transport.

use std::collections::HashSet;

use reqwest::get;

use crate::harness::{Node, memory_log::MemoryLog};

#[tokio::test]
async fn stomp_7_the_base_says_that_sockjs_is_here() {
    let node = Node::start(&MemoryLog::default()).await;
    for base in ["/ws/chat-sockjs", "/ws/chat-sockjs/"] {
        let response = get(format!("http://{}{base}", node.address)).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(
            response.headers()["content-type"],
            "text/plain; charset=UTF-8"
        );
        assert_eq!(response.text().await.unwrap(), "Welcome to SockJS!\n");
    }
}

#[tokio::test]
async fn stomp_7_info_tells_what_the_protocol_asks_for_and_is_never_cached() {
    let node = Node::start(&MemoryLog::default()).await;
    let mut entropies = HashSet::new();
    for _ in 0..10 {
        let url = format!("http://{}/ws/chat-sockjs/info", node.address);
        let response = get(url).await.unwrap();
        assert_eq!(response.status(), 200);
        let headers = response.headers();
        assert_eq!(headers["content-type"], "application/json; charset=UTF-8");
        let caching = headers["cache-control"].to_str().unwrap();
        assert!(caching.contains("no-store"), "{caching}");
        let mut info: serde_json::Value = response.json().await.unwrap();
        let entropy = info["entropy"].take().as_u64().unwrap();
        assert!(u32::try_from(entropy).is_ok());
        entropies.insert(entropy);
        assert_eq!(
            info,
            serde_json::json!({
                "websocket": true, "origins": ["*:*"], "cookie_needed": true, "entropy": null
            })
        );
    }
    assert_eq!(entropies.len(), 10, "entropy is random");
}
