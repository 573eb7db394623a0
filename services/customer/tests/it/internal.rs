//! `/internal/*`: questions of other services.

mod credential;
mod directory;

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use colloquy_chassis::ServiceName;
use colloquy_credentials::identity::Identity;
use colloquy_customer::{Customers, router};
use serde_json::Value;
use tower::ServiceExt as _;

/// One POST as `service`, or without an identity.
async fn post(
    customers: &Arc<Customers>,
    service: Option<ServiceName>,
    path: &str,
    body: &Value,
) -> (StatusCode, Value) {
    let mut request = Request::post(path)
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    if let Some(service) = service {
        let identity = Identity {
            service,
            caller: None,
        };
        request.extensions_mut().insert(identity);
    }
    let response = router(Arc::clone(customers))
        .oneshot(request)
        .await
        .unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

/// What every internal route owes: 401 without an identity, 403 to what comes from outside.
async fn refuses_outsiders(path: &str, body: &Value) {
    let (_folder, customers) = crate::parts::seeded().await;
    for (service, expected) in [
        (None, StatusCode::UNAUTHORIZED),
        (Some(ServiceName::ApiGateway), StatusCode::FORBIDDEN),
    ] {
        let (status, answer) = post(&customers, service, path, body).await;
        assert_eq!(status, expected);
        assert_eq!(answer["success"], false);
        assert_eq!(answer["data"], Value::Null);
    }
}
