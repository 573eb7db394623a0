//! Which pages may call, and what their browsers let them read (decision 25).

use http::{Method, header};
use reqwest::{Client, Response};

use crate::harness::{ALICE, Node, PAGE, memory_log::MemoryLog, token};

const POSTS: [&str; 3] = ["/0/s/xhr", "/0/s/xhr_send", "/0/s/xhr_streaming"];
const GETS: [&str; 6] = [
    "",
    "/",
    "/info",
    "/websocket",
    "/0/s/websocket",
    "/0/s/eventsource",
];

async fn call(node: &Node, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
    let url = format!("http://{}/ws/chat-sockjs{path}", node.address);
    let mut request = Client::new().request(method, url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

#[tokio::test]
async fn stomp_7_decision_25_pages_of_strangers_are_refused_before_anything_else() {
    let node = Node::start(&MemoryLog::default()).await;
    let cookie = format!("jwt_token={}", token(ALICE, 60));
    let calls = GETS
        .map(|path| (Method::GET, path))
        .into_iter()
        .chain(POSTS.map(|path| (Method::POST, path)))
        .chain(POSTS.map(|path| (Method::OPTIONS, path)))
        .chain([(Method::OPTIONS, "/info")]);
    for (method, path) in calls {
        for stranger in [
            ("origin", "http://elsewhere.example"),
            ("origin", "http://localhost:8080.elsewhere.example"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
        ] {
            let headers = [stranger, ("cookie", &cookie)];
            let response = call(&node, method.clone(), path, &headers).await;
            assert_eq!(response.status(), 403, "{method} {path} {stranger:?}");
            let allowed = response
                .headers()
                .get(header::ACCESS_CONTROL_ALLOW_ORIGIN)
                .is_some();
            assert!(!allowed, "{method} {path} {stranger:?}");
        }
    }
    assert_eq!(node.websocket.open_connections(), 0);
}

#[tokio::test]
async fn stomp_7_a_page_that_may_connect_reads_every_answer_with_credentials() {
    let node = Node::start(&MemoryLog::default()).await;
    for (method, path, status) in [
        (Method::GET, "", 200),
        (Method::GET, "/info", 200),
        (Method::POST, "/0/s/xhr", 200),
        (Method::POST, "/0/unknown/xhr_send", 404),
        (Method::POST, "/0/s/xhr_send", 500),
    ] {
        let response = call(&node, method, path, &[("origin", PAGE)]).await;
        assert_eq!(response.status(), status, "{path}");
        let headers = response.headers();
        assert_eq!(headers["access-control-allow-origin"], PAGE, "{path}");
        assert_eq!(headers["access-control-allow-credentials"], "true");
        assert_eq!(headers["vary"], "Origin");
    }
    let plain = call(&node, Method::GET, "/info", &[]).await;
    assert!(
        !plain
            .headers()
            .contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN)
    );
}

#[tokio::test]
async fn stomp_7_a_preflight_is_good_for_a_year() {
    let node = Node::start(&MemoryLog::default()).await;
    for (path, methods) in [
        ("/info", "OPTIONS, GET"),
        ("/0/s/xhr", "OPTIONS, POST"),
        ("/0/s/xhr_send", "OPTIONS, POST"),
        ("/0/s/xhr_streaming", "OPTIONS, POST"),
    ] {
        let asked = [
            ("origin", PAGE),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type"),
        ];
        let response = call(&node, Method::OPTIONS, path, &asked).await;
        assert_eq!(response.status(), 204, "{path}");
        let headers = response.headers();
        for (name, value) in [
            ("access-control-allow-origin", PAGE),
            ("access-control-allow-credentials", "true"),
            ("access-control-allow-methods", methods),
            ("access-control-allow-headers", "content-type"),
            ("access-control-max-age", "31536000"),
            ("cache-control", "max-age=31536000, public"),
        ] {
            assert_eq!(headers[name], value, "{path} {name}");
        }
    }
    assert_eq!(node.websocket.open_connections(), 0);
}
