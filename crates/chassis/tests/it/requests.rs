//! A request to a router, and its answer.

use axum::{
    Router,
    body::{Body, to_bytes},
    response::Response,
};
use http::request::Builder;
use serde_json::Value;
use tower::ServiceExt as _;

pub async fn send(router: &Router, request: Builder, body: impl Into<Body>) -> Response {
    let request = request.body(body.into()).unwrap();
    router.clone().oneshot(request).await.unwrap()
}

/// The status and the JSON of an answer.
pub async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}
