use http::{Request, StatusCode};

use crate::gateway::World;

#[tokio::test]
async fn decision_25_another_origin_is_403_and_null_is_another() {
    let world = World::new();
    for origin in [
        "http://evil.example",
        "null",
        "http://chat.example.evil.example",
    ] {
        let (status, _) = world
            .ask(Request::post("/auth/login").header("origin", origin))
            .await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{origin}");
    }
    let (status, _) = world
        .ask(Request::post("/auth/login").header("sec-fetch-site", "cross-site"))
        .await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn contract_5_an_allowed_origin_may_call_with_credentials() {
    let world = World::new();
    let preflight = Request::options("/command/message")
        .header("origin", "http://chat.example")
        .header("access-control-request-method", "POST");
    let response = world.send(preflight, "").await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        response.headers()["access-control-allow-origin"],
        "http://chat.example"
    );
    assert_eq!(
        response.headers()["access-control-allow-credentials"],
        "true"
    );
    let response = world
        .send(
            Request::post("/auth/login").header("origin", "http://chat.example"),
            "",
        )
        .await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(
        response.headers()["access-control-allow-origin"],
        "http://chat.example"
    );
}
