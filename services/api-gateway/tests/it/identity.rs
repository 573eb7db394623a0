use std::sync::Arc;

use axum::Router;
use colloquy_api_gateway::InProcess;
use colloquy_chassis::{ApiError, Kind, ServiceName};
use http::{Request, StatusCode};

use crate::gateway::{World, read};

#[tokio::test]
async fn contract_3_without_a_cookie_everything_but_the_public_paths_is_401() {
    let world = World::new();
    for path in [
        "/command/room",
        "/command/nothing",
        "/customer/info",
        "/auth/other",
    ] {
        let (status, _) = world.ask(Request::get(path)).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{path}");
    }
    for path in ["/auth/login", "/customer/forgetPass/initiate"] {
        let (status, body) = world.ask(Request::post(path)).await;
        assert_eq!(
            (status, &body["customerId"]),
            (StatusCode::OK, &serde_json::Value::Null),
            "{path}"
        );
    }
}

#[tokio::test]
async fn contract_3_an_invalid_cookie_is_401_and_cleared() {
    let world = World::new();
    let expired = world.token(|claims| claims.exp = claims.iat);
    let foreign = world.token(|claims| claims.aud = "others".into());
    for token in [expired.as_str(), foreign.as_str(), "garbage", ""] {
        let response = world
            .send(
                Request::get("/command/room").header("cookie", format!("jwt_token={token}")),
                "",
            )
            .await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{token}");
        let cleared = response.headers()["set-cookie"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(
            cleared.starts_with("jwt_token=;") && cleared.contains("Max-Age=0"),
            "{cleared}"
        );
    }
    assert!(
        world
            .send(Request::get("/command/room"), "")
            .await
            .headers()
            .get("set-cookie")
            .is_none()
    );
}

#[tokio::test]
async fn contract_3_a_valid_cookie_is_the_customer_that_it_names() {
    let world = World::new();
    let (status, body) = world
        .ask(Request::get("/command/room").header("cookie", world.cookie()))
        .await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        (&body["customerId"], &body["service"]),
        (&7.into(), &"api-gateway".into())
    );
}

#[tokio::test]
async fn contract_customer_change_pass_401_of_a_service_leaves_the_cookie() {
    let refusing = Router::new().fallback(async || {
        ApiError::new(
            Kind::Unauthenticated,
            "The current password is not the right one.",
        )
    });
    let world = World::with(ServiceName::Customer, Arc::new(InProcess(refusing)));
    let request = Request::post("/customer/changePass").header("cookie", world.cookie());
    let response = world.send(request, "").await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert!(!response.headers().contains_key("set-cookie"));
    let (_, body) = read(response).await;
    assert_eq!(
        body["message"],
        "The current password is not the right one."
    );
}
