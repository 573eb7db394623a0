use http::{Request, StatusCode};

use crate::gateway::World;

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
