use http::{Request, StatusCode};

use crate::gateway::World;

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
async fn contract_3_a_valid_cookie_is_whoever_it_says() {
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
async fn s14_identity_headers_from_outside_never_arrive() {
    let world = World::new();
    for name in [
        "X-Customer-Id",
        "x-customer-id",
        "X_Customer_Id",
        "X-CUSTOMER-ID",
        "X-Customer-Id-",
        "X-User-Id",
        "Authorization",
        "X-Forwarded-User",
        "X-Forwarded-For",
        "Forwarded",
        "X-Real-IP",
        "X-Service-Credential-Refused",
        "Cookie2",
        "Proxy-Authorization",
    ] {
        let request = Request::get("/command/room")
            .header("cookie", world.cookie())
            .header("connection", format!("keep-alive, {name}"))
            .header(name, "1")
            .header(name, "2");
        let (status, body) = world.ask(request).await;
        assert_eq!(
            (status, &body["customerId"]),
            (StatusCode::OK, &7.into()),
            "{name}"
        );
        let arrived: Vec<String> = serde_json::from_value(body["headers"].clone()).unwrap();
        assert!(
            arrived
                .iter()
                .all(|header| !header.starts_with(&name.to_lowercase())),
            "{name}: {arrived:?}"
        );
        assert!(
            arrived.iter().all(|header| !header.starts_with("cookie")),
            "the cookie stays at the gateway: {arrived:?}"
        );
    }
}
