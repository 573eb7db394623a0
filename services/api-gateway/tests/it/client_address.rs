use std::net::Ipv4Addr;

use axum::body::Body;
use http::{Request, StatusCode};
use tower::ServiceExt as _;

use crate::gateway::{PROXY, World, arrived, read};

const FIRST: Ipv4Addr = Ipv4Addr::LOCALHOST;
const STRANGER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 66);

#[tokio::test]
async fn decision_26_a_service_learns_the_clients_address_and_only_from_the_gateway() {
    let world = World::new();
    for (peer, forwarded, expected) in [
        (FIRST, None, "127.0.0.1"),
        (STRANGER, Some("203.0.113.7"), "192.0.2.66"),
        (PROXY, Some("203.0.113.7"), "203.0.113.7"),
        (PROXY, Some("10.9.9.9, 203.0.113.7"), "203.0.113.7"),
        (PROXY, Some("2001:db8::7"), "2001:db8::7"),
        (PROXY, Some("203.0.113.7:4711"), "203.0.113.7"),
        (PROXY, Some("somebody"), "unknown"),
        (PROXY, None, "unknown"),
    ] {
        for path in ["/auth/login", "/command/message"] {
            let mut request = Request::post(path)
                .header("cookie", world.cookie())
                .header("x-client-address", "10.6.6.6")
                .header("x-real-ip", "10.6.6.6")
                .header("forwarded", "for=10.6.6.6");
            if let Some(forwarded) = forwarded {
                request = request.header("x-forwarded-for", forwarded);
            }
            let (status, body) = read(world.send_from(peer, request, "").await).await;
            assert_eq!(status, StatusCode::OK);
            assert_eq!(
                arrived(&body, "x-client-address"),
                [expected],
                "{path} from {peer}, {forwarded:?}"
            );
            assert!(arrived(&body, "x-forwarded-for").is_empty());
        }
    }
}

#[tokio::test]
async fn decision_26_without_the_address_of_the_connection_nothing_is_forwarded() {
    let world = World::new();
    let request = Request::post("/auth/login")
        .header("host", "chat.example")
        .header("x-client-address", "10.6.6.6")
        .body(Body::empty());
    let response = world
        .router
        .clone()
        .oneshot(request.unwrap())
        .await
        .unwrap();
    let (status, body) = read(response).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(body["path"], serde_json::Value::Null);
}
