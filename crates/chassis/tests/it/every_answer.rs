use axum::{
    Router,
    routing::{any, get, post},
};
use colloquy_chassis::{
    Answer, extract::Body, hosts::Hosts, router::finish, security_headers::strict_transport,
};
use http::{Request, header};
use serde_json::{Value, json};

use crate::requests::{read, send};

const SECURITY: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
];

fn router() -> Router {
    let routes = Router::new()
        .route("/right", get(async || Answer("Right.", ())))
        .route("/body", post(async |Body(_): Body<Value>| ()))
        .route(
            "/panic",
            any(async || -> &'static str { panic!("the secret is 42") }),
        )
        .route("/page", get(async || (SECURITY.map(own), "<h1>Page</h1>")));
    finish(Hosts::new(["chat.example".to_owned()]).guard(routes))
}

/// What a page says instead.
fn own((name, _): (&'static str, &str)) -> (&'static str, &'static str) {
    (name, "its own")
}

#[tokio::test]
async fn s22_every_kind_of_answer_has_every_header_once() {
    let router = router();
    let json = (header::CONTENT_TYPE, "application/json");
    let text = (header::CONTENT_TYPE, "text/plain");
    let host = (header::HOST, "chat.example");
    for (request, headers, body, expected) in [
        (Request::get("/right"), vec![host.clone()], 0, 200),
        (
            Request::post("/body"),
            vec![host.clone(), json.clone()],
            1,
            400,
        ),
        (Request::get("/nothing"), vec![host.clone()], 0, 404),
        (Request::post("/right"), vec![host.clone()], 0, 405),
        (
            Request::post("/body"),
            vec![host.clone(), json],
            256 * 1024 + 1,
            413,
        ),
        (Request::post("/body"), vec![host.clone(), text], 1, 415),
        (Request::get("/right"), vec![], 0, 421),
        (Request::get("/panic"), vec![host.clone()], 0, 500),
        (Request::post("/panic"), vec![host], 0, 500),
    ] {
        let request = headers.into_iter().fold(request, |request, (name, value)| {
            request.header(name, value)
        });
        let response = send(&router, request, vec![b'x'; body]).await;
        assert_eq!(response.status(), expected);
        for (name, value) in SECURITY {
            let values: Vec<_> = response.headers().get_all(name).iter().collect();
            assert_eq!(values, [value], "{name} of {expected}");
        }
        assert!(
            response.headers().contains_key("x-request-id"),
            "{expected}"
        );
        assert!(!response.headers().contains_key("strict-transport-security"));
    }
}

#[tokio::test]
async fn s22_a_page_keeps_the_headers_that_it_sets() {
    let request = Request::get("/page").header("host", "chat.example");
    let response = send(&router(), request, "").await;
    for (name, _) in SECURITY {
        let values: Vec<_> = response.headers().get_all(name).iter().collect();
        assert_eq!(values, ["its own"], "{name}");
    }
}

#[tokio::test]
async fn s22_where_all_clients_use_tls_every_answer_says_so() {
    let router = strict_transport(router());
    for path in ["/right", "/nothing", "/panic"] {
        for host in ["chat.example", "evil.example"] {
            let request = Request::get(path).header("host", host);
            let response = send(&router, request, "").await;
            assert_eq!(
                response.headers()["strict-transport-security"],
                "max-age=31536000; includeSubDomains",
                "{path} at {host}"
            );
        }
    }
}

#[tokio::test]
async fn s24_a_handler_that_panics_is_500_without_a_word_about_it_and_the_next_is_served() {
    let router = router();
    for request in [Request::get("/panic"), Request::post("/panic")] {
        let request = request.header("host", "chat.example");
        let (status, body) = read(send(&router, request, "").await).await;
        assert_eq!(status, 500);
        assert_eq!(
            body,
            json!({"success": false, "message": "Something went wrong on our side.", "data": null})
        );
    }
    let request = Request::get("/right").header("host", "chat.example");
    assert_eq!(send(&router, request, "").await.status(), 200);
}
