use axum::body::Body;
use http::{Request, StatusCode};

use crate::gateway::{World, arrived};

#[tokio::test]
async fn contract_3_the_prefix_is_stripped_and_the_query_kept() {
    let world = World::new();
    let (_, body) = world
        .ask(Request::get("/command/a/b?c=d%20e").header("cookie", world.cookie()))
        .await;
    assert_eq!(body["path"], "/a/b?c=d%20e");
}

#[tokio::test]
async fn decision_31_a_body_over_256_kib_is_413_and_one_of_256_kib_passes() {
    let world = World::new();
    let request = || {
        Request::post("/command/message")
            .header("cookie", world.cookie())
            .header("content-type", "application/json")
    };
    assert_eq!(
        world
            .send(request(), Body::from(vec![b'x'; 256 * 1024]))
            .await
            .status(),
        StatusCode::OK
    );
    assert_eq!(
        world
            .send(request(), Body::from(vec![b'x'; 256 * 1024 + 1]))
            .await
            .status(),
        StatusCode::PAYLOAD_TOO_LARGE
    );
}

#[tokio::test]
async fn decision_31_a_service_that_is_away_is_503_with_retry_after() {
    let world = World::new();
    let response = world
        .send(
            Request::get("/query/rooms").header("cookie", world.cookie()),
            "",
        )
        .await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["retry-after"], "1");
}

#[tokio::test]
async fn contract_2_errors_are_in_the_envelope_and_every_answer_has_a_request_id() {
    let world = World::new();
    for path in ["/nothing", "/internal/x", "/command/room", "/command//room"] {
        let response = world.send(Request::get(path), "").await;
        assert!(response.headers().contains_key("x-request-id"), "{path}");
        let (_, body) = world.ask(Request::get(path)).await;
        assert_eq!(
            (&body["success"], &body["data"]),
            (&false.into(), &serde_json::Value::Null),
            "{path}"
        );
        assert!(body["message"].is_string(), "{path}");
    }
}

#[tokio::test]
async fn contract_2_errors_under_auth_have_message_and_details() {
    let world = World::new();
    let (status, body) = world.ask(Request::get("/auth/other")).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(
        body["message"].is_string() && body["details"].is_string() && body.get("success").is_none(),
        "{body}"
    );
}

#[tokio::test]
async fn contract_6_a_service_gets_a_traceparent_of_the_trace_that_came_or_of_a_new_one() {
    const SENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let world = World::new();
    for (sent, is_kept) in [
        (&[SENT][..], true),
        (&[], false),
        (&["00-0af7-b7ad-01"], false),
        (&[SENT, SENT], false),
    ] {
        let mut request = Request::get("/command/room").header("cookie", world.cookie());
        for value in sent {
            request = request.header("traceparent", *value);
        }
        let (_, mirrored) = world.ask(request).await;
        let arrived = arrived(&mirrored, "traceparent");
        let [arrived] = &arrived[..] else {
            panic!("one traceparent, not {arrived:?}");
        };
        assert_eq!(arrived.len(), SENT.len());
        assert_eq!(arrived[..36] == SENT[..36], is_kept, "{sent:?}");
        assert_ne!(
            arrived[36..52],
            SENT[36..52],
            "the gateway has an id of its own"
        );
    }
}
