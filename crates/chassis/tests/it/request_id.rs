use axum::{Router, routing::any};
use colloquy_chassis::{Answer, request_id, router::finish, trace_context};
use http::{HeaderValue, Method, Request};

use crate::requests::{read, send};

/// Answers the id that a call to another service would carry.
fn router() -> Router {
    let echo = async || {
        let id = request_id::current();
        Answer("Echoed.", id.map(|id| id.to_str().unwrap().to_owned()))
    };
    finish(Router::new().route("/id", any(echo)))
}

#[tokio::test]
async fn contract_2_whatever_a_request_leads_to_knows_its_id() {
    for (sent, is_kept) in [
        (Some("trace-7_a"), true),
        (Some("a b"), false),
        (Some("<script>"), false),
        (None, false),
    ] {
        for method in [Method::GET, Method::POST] {
            let mut request = Request::builder().method(&method).uri("/id");
            if let Some(sent) = sent {
                request = request.header("x-request-id", sent);
            }
            let response = send(&router(), request, "").await;
            let answered = response.headers()["x-request-id"].clone();
            let (_, body) = read(response).await;
            assert_eq!(body["data"], answered.to_str().unwrap(), "{method}");
            assert_eq!(
                sent == Some(answered.to_str().unwrap()),
                is_kept,
                "{method} {sent:?}"
            );
        }
    }
}

#[tokio::test]
async fn contract_2_outside_of_a_request_there_is_no_id() {
    assert_eq!(request_id::current(), None);
    let id = HeaderValue::from_static("outer");
    let current = request_id::within(id.clone(), async { request_id::current() }).await;
    assert_eq!(current, Some(id));
}

/// Answers the place in the trace that a call to another service, or an event, would carry.
fn tracing_router() -> Router {
    let echo = async || {
        let trace = trace_context::current();
        Answer("Echoed.", trace.map(|trace| trace.to_string()))
    };
    finish(Router::new().route("/trace", any(echo)))
}

#[tokio::test]
async fn contract_6_whatever_a_request_leads_to_is_of_the_trace_of_its_traceparent() {
    const SENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    for (sent, is_kept) in [(Some(SENT), true), (Some(&SENT[1..]), false), (None, false)] {
        for method in [Method::GET, Method::POST] {
            let mut request = Request::builder().method(&method).uri("/trace");
            if let Some(sent) = sent {
                request = request.header("traceparent", sent);
            }
            let response = send(&tracing_router(), request, "").await;
            assert!(!response.headers().contains_key("traceparent"));
            let (_, body) = read(response).await;
            let echoed = body["data"].as_str().unwrap();
            assert_eq!(echoed.len(), SENT.len());
            assert_ne!(echoed, SENT, "each request has an id of its own");
            assert_eq!(echoed[..36] == SENT[..36], is_kept, "{method} {sent:?}");
        }
    }
    assert_eq!(trace_context::current(), None);
}
