use http::Request;

use crate::gateway::{World, arrived};

/// The cookies that arrive at the service behind this path.
async fn forwarded_cookies(world: &World, path: &str, cookies: &[&str]) -> Vec<String> {
    let mut request = Request::post(path);
    for cookie in cookies {
        request = request.header("cookie", *cookie);
    }
    let (status, body) = world.ask(request).await;
    assert_eq!(status, 200, "{path} {cookies:?}");
    arrived(&body, "cookie")
}

#[tokio::test]
async fn decision_30_a_service_gets_its_own_cookie_written_anew_and_no_other() {
    let world = World::new();
    let session = world.cookie();
    let all = format!("{session}; reset_ticket=r-1; a=b; login_device=d.1; login_device=d.2");
    for (path, expected) in [
        // Which one is good, auth alone can tell.
        ("/auth/login", vec!["login_device=d.1; login_device=d.2"]),
        ("/auth/logout", vec!["login_device=d.1; login_device=d.2"]),
        ("/customer/forgetPass/reset", vec!["reset_ticket=r-1"]),
        ("/customer/create/account", vec![]),
    ] {
        assert_eq!(
            forwarded_cookies(&world, path, &[&all]).await,
            expected,
            "{path}"
        );
    }
    let both = "reset_ticket=r-1; a=b; reset_requester=c.1";
    assert_eq!(
        forwarded_cookies(&world, "/customer/forgetPass/confirm", &[both]).await,
        ["reset_requester=c.1; reset_ticket=r-1"]
    );
    let apart = ["reset_ticket=r-1", &session, "login_device=d.1"];
    assert_eq!(
        forwarded_cookies(&world, "/auth/login", &apart).await,
        ["login_device=d.1"]
    );
    let request = Request::post("/command/message").header("cookie", &all);
    let (_, body) = world.ask(request).await;
    assert!(arrived(&body, "cookie").is_empty());
}

#[tokio::test]
async fn s14_a_cookie_that_is_not_plain_stays_outside() {
    let world = World::new();
    let longest = "x".repeat(4096);
    let over_long = "x".repeat(4097);
    for (value, passes) in [
        ("plain-._~", true),
        (longest.as_str(), true),
        (over_long.as_str(), false),
        ("", false),
        ("a b", false),
        ("a,jwt_token=b", false),
        ("a=b", false),
        ("\"quoted\"", false),
        ("a\tb", false),
    ] {
        let cookie = format!("login_device={value}");
        let arrived = forwarded_cookies(&world, "/auth/login", &[&cookie]).await;
        let expected: Vec<_> = passes.then_some(cookie).into_iter().collect();
        assert_eq!(arrived, expected, "{value}");
    }
    for trick in [
        "login_device",
        "Login_Device=1",
        "xlogin_device=1",
        "login_device =1",
        "$login_device=1",
        "login_device%3D1",
    ] {
        let arrived = forwarded_cookies(&world, "/auth/login", &[trick]).await;
        assert!(arrived.is_empty(), "{trick}: {arrived:?}");
    }
}
