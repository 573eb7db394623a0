//! What is on every answer of the edge, whatever it is (reliability.md S22).

use std::sync::Arc;

use axum::{Router, body::Body, response::Response};
use colloquy_api_gateway::{InProcess, Upstream, upstream::UpstreamRequest};
use colloquy_chassis::{ServiceName, security_headers::ON_EVERY_ANSWER};
use colloquy_credentials::identity::Identity;
use colloquy_service_api::TransportError;
use http::{HeaderMap, Request, StatusCode, header};

use crate::gateway::World;

/// Answers by path: `/panic`, `/page` with headers of its own, `/cached`.
fn service() -> Router {
    Router::new()
        .route("/right", axum::routing::get(async || "{}"))
        .route(
            "/panic",
            axum::routing::get(async || -> &'static str { panic!("the secret is 42") }),
        )
        .route(
            "/cached",
            axum::routing::get(async || ([(header::CACHE_CONTROL, "private, max-age=5")], "{}")),
        )
}

/// A service whose answers are no HTTP.
struct Garbled;

#[async_trait::async_trait]
impl Upstream for Garbled {
    async fn call(&self, _: UpstreamRequest, _: Identity) -> Result<Response, TransportError> {
        Err(TransportError::Unreadable("nonsense".into()))
    }
}

fn world() -> World {
    World::with_upstreams(|_| {
        let service = InProcess(colloquy_chassis::router::finish(service()));
        vec![
            (ServiceName::ChatCommand, Arc::new(service)),
            (ServiceName::Customer, Arc::new(InProcess(self::service()))),
            (ServiceName::Auth, Arc::new(Garbled)),
        ]
    })
}

fn assert_secured(headers: &HeaderMap, what: &str) {
    for (name, value) in &ON_EVERY_ANSWER {
        let values: Vec<_> = headers.get_all(name).iter().collect();
        assert_eq!(values, [*value], "{name} of {what}");
    }
    assert!(headers.contains_key("x-request-id"), "{what}");
}

#[tokio::test]
async fn s22_every_kind_of_answer_tells_browsers_the_same() {
    let world = world();
    let get = |path: &str| Request::get(path).header("cookie", world.cookie());
    let post = |path: &str| Request::post(path).header("cookie", world.cookie());
    let json = |path: &str| post(path).header("content-type", "application/json");
    let preflight = Request::options("/command/message")
        .header("origin", "http://chat.example")
        .header("access-control-request-method", "POST");
    for (request, body, expected) in [
        (get("/command/right"), 0, 200),
        (preflight, 0, 204),
        (get("/command//right"), 0, 400),
        (Request::get("/command/right"), 0, 401),
        (get("/internal"), 0, 403),
        (get("/command/right").header("origin", "null"), 0, 403),
        (get("/nothing"), 0, 404),
        (get("/command/nothing"), 0, 404),
        (post("/command/right"), 0, 405),
        (json("/command/right"), 256 * 1024 + 1, 413),
        (post("/command/right"), 2, 415),
        (get("/command/right").header("host", "evil.example"), 0, 421),
        (get("/command/panic"), 0, 500),
        (get("/customer/panic"), 0, 500),
        (post("/auth/login"), 0, 502),
        (get("/query/rooms"), 0, 503),
    ] {
        let what = format!("{expected} for {:?}", request.uri_ref());
        let response = world.send(request, Body::from(vec![b'x'; body])).await;
        assert_eq!(response.status(), expected, "{what}");
        assert_secured(response.headers(), &what);
    }
}

#[tokio::test]
async fn s22_an_answer_that_may_be_kept_says_so_itself() {
    let world = world();
    let request = Request::get("/command/cached").header("cookie", world.cookie());
    let response = world.send(request, "").await;
    assert_eq!(response.headers()["cache-control"], "private, max-age=5");
}

#[tokio::test]
async fn s24_a_service_that_panics_is_500_without_a_word_about_it_and_goes_on() {
    let world = world();
    for path in ["/command/panic", "/customer/panic"] {
        let (status, body) = world
            .ask(Request::get(path).header("cookie", world.cookie()))
            .await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(body["success"], false, "{path}");
        assert_eq!(body["data"], serde_json::Value::Null, "{path}");
        assert!(!body.to_string().contains("secret"), "{path}: {body}");
        let right = path.replace("panic", "right");
        let request = Request::get(right).header("cookie", world.cookie());
        assert_eq!(world.send(request, "").await.status(), StatusCode::OK);
    }
}
