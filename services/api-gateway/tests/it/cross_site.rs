//! Pages of strangers, which a browser lets send requests with its cookies (reliability.md S12, S15).

use http::{Request, StatusCode, request::Builder};

use crate::gateway::{World, read};

/// Every route that changes something (contract §3).
const CHANGES: [&str; 12] = [
    "/auth/login",
    "/auth/logout",
    "/customer/create/account",
    "/customer/info",
    "/customer/changePass",
    "/customer/forgetPass/initiate",
    "/customer/forgetPass/resend",
    "/customer/forgetPass/confirm",
    "/customer/forgetPass/reset",
    "/command/room",
    "/command/message",
    "/command/read",
];

const FORM: &str = "application/x-www-form-urlencoded";

/// Headers, body and status of one way to let a browser call.
type Attack = (&'static [(&'static str, &'static str)], &'static str, u16);

const ATTACKS: [Attack; 27] = [
    // A form, of a browser that says where it comes from and of one that does not.
    (
        &[("origin", "http://evil.example"), ("content-type", FORM)],
        "a=b",
        403,
    ),
    (&[("content-type", FORM)], "a=b", 415),
    (&[("content-type", FORM)], "", 415),
    (
        &[("content-type", "multipart/form-data; boundary=x")],
        "--x--",
        415,
    ),
    (&[("content-type", "text/plain")], "{}", 415),
    (&[("content-type", "text/plain")], "", 415),
    // Other content types, among them those that only look like the right one.
    (&[], "{}", 415),
    (&[("content-type", "application/xml")], "{}", 415),
    (&[("content-type", "application/jsonp")], "{}", 415),
    (
        &[("content-type", "text/plain; application/json")],
        "{}",
        415,
    ),
    (
        &[("content-type", "text/plain, application/json")],
        "{}",
        415,
    ),
    (
        &[
            ("content-type", "application/json"),
            ("content-type", "text/plain"),
        ],
        "{}",
        415,
    ),
    // Other origins, among them those that only look like the right one.
    (&[("origin", "http://evil.example")], "", 403),
    (&[("origin", "null")], "", 403),
    (&[("origin", "")], "", 403),
    (&[("origin", "http://chat.example.evil.example")], "", 403),
    (&[("origin", "http://evilchat.example")], "", 403),
    (&[("origin", "http://chat.example@evil.example")], "", 403),
    (&[("origin", "http://chat.example:81")], "", 403),
    (&[("origin", "https://chat.example")], "", 403),
    (
        &[("origin", "http://chat.example http://evil.example")],
        "",
        403,
    ),
    (
        &[
            ("origin", "http://chat.example"),
            ("origin", "http://evil.example"),
        ],
        "",
        403,
    ),
    (&[("sec-fetch-site", "cross-site")], "", 403),
    // Other hosts, as after DNS rebinding.
    (&[("host", "evil.example")], "", 421),
    (&[("host", "chat.example:81")], "", 421),
    (&[("host", "")], "", 421),
    (
        &[("host", "chat.example"), ("host", "evil.example")],
        "",
        421,
    ),
];

fn with(mut request: Builder, headers: &[(&str, &str)]) -> Builder {
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request
}

#[tokio::test]
async fn s12_no_page_of_a_stranger_changes_anything() {
    let world = World::new();
    for path in CHANGES {
        for (headers, body, expected) in ATTACKS {
            let request = Request::post(path).header("cookie", world.cookie());
            let response = world.send(with(request, headers), body).await;
            let (status, answer) = read(response).await;
            assert_eq!(status, expected, "{path} {headers:?} {body:?}");
            assert!(answer["path"].is_null(), "{path} {headers:?} went through");
        }
    }
}

#[tokio::test]
async fn s12_our_own_page_and_a_client_that_is_no_browser_pass() {
    let world = World::new();
    let json = ("content-type", "application/json");
    let charset = ("content-type", "Application/JSON; charset=utf-8");
    for path in CHANGES {
        for headers in [
            &[json] as &[_],
            &[charset],
            &[json, ("origin", "http://chat.example")],
            &[json, ("sec-fetch-site", "same-origin")],
        ] {
            let request = Request::post(path).header("cookie", world.cookie());
            let response = world.send(with(request, headers), "{}").await;
            assert_eq!(response.status(), StatusCode::OK, "{path} {headers:?}");
        }
        let request = Request::post(path).header("cookie", world.cookie());
        let without_a_body = world.send(request, "").await;
        assert_eq!(without_a_body.status(), StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn s15_what_operators_and_services_ask_is_not_served_in_any_encoding() {
    let world = World::new();
    for (path, expected) in [
        ("/metrics", 404),
        ("/%6detrics", 404),
        ("/%6Detric%73", 404),
        ("/METRICS", 404),
        ("/metrics/", 404),
        ("/metrics;a=b", 404),
        ("/metrics%00", 400),
        ("//metrics", 400),
        ("/./metrics", 400),
        ("/%2e%2e/metrics", 400),
        ("/query/../metrics", 400),
        ("/query/%2e%2e/metrics", 400),
        ("/query%2f..%2fmetrics", 400),
        ("/readyz", 404),
        ("/%72eadyz", 404),
        ("/livez", 404),
        ("/lives%7a", 404),
        ("/.well-known/jwks.json", 404),
        ("/internal", 403),
        ("/internal/revocations", 403),
        ("/%69nternal/revocations", 403),
        ("/%2569nternal/revocations", 403),
        ("/INTERNAL/revocations", 403),
        ("//internal/revocations", 403),
        ("/%2e%2e/internal/revocations", 403),
        ("/auth/internal/revocations", 403),
        ("/auth/%69nternal/revocations", 403),
        ("/auth//internal/revocations", 403),
        ("/auth/./internal/revocations", 403),
        ("/auth/%2e/internal/revocations", 403),
        ("/auth/login/../internal/revocations", 403),
        ("/auth%2finternal/revocations", 403),
        ("/auth/internal%2frevocations", 403),
        ("/auth/internal;a/revocations", 403),
        ("/customer/%49NTERNAL/credential", 403),
    ] {
        let request = Request::get(path).header("cookie", world.cookie());
        let (status, answer) = world.ask(request).await;
        assert_eq!(status, expected, "{path}");
        assert!(answer["path"].is_null(), "{path} went through");
    }
}
