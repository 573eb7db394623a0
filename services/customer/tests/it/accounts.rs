//! The endpoints of contract §3, over the router.

mod change_own;
mod create_account;
mod search;
mod show;
mod sign_up_limit;

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    http::{Method, Request, StatusCode},
};
use colloquy_chassis::ServiceName;
use colloquy_contracts::CustomerId;
use colloquy_credentials::identity::{Caller, Identity};
use colloquy_customer::{Customers, router};
use serde_json::Value;
use tower::ServiceExt as _;

/// No caller, as on a public path.
const ANONYMOUS: Option<i64> = None;

/// One call as it comes through the gateway.
async fn call(
    customers: &Arc<Customers>,
    caller: Option<i64>,
    method: Method,
    path: &str,
    body: &str,
) -> (StatusCode, Value) {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json")
        .header("x-client-address", "192.0.2.1")
        .body(Body::from(body.to_owned()))
        .unwrap();
    request.extensions_mut().insert(Identity {
        service: ServiceName::ApiGateway,
        caller: caller.map(|id| Caller {
            customer_id: CustomerId(id),
            full_name: "An".to_owned(),
            session_id: Default::default(),
        }),
    });
    let response = router(Arc::clone(customers))
        .oneshot(request)
        .await
        .unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

async fn get(customers: &Arc<Customers>, caller: i64, path: &str) -> (StatusCode, Value) {
    call(customers, Some(caller), Method::GET, path, "").await
}

/// The envelope of a refusal, with this status.
#[track_caller]
fn assert_refused((status, answer): &(StatusCode, Value), expected: StatusCode, what: &str) {
    assert_eq!(*status, expected, "{what}: {answer}");
    assert_eq!(answer["success"], false, "{what}: {answer}");
    assert_eq!(answer["data"], Value::Null, "{what}: {answer}");
    let message = answer["message"].as_str().unwrap_or_default();
    assert!(message.ends_with('.'), "{what}: {answer}");
}

/// The seeded customers, as the contract names them.
fn user1() -> Value {
    serde_json::json!({
        "customerId": 1, "username": "user1", "fullName": "Vũ Thanh Hải", "email": "user1@example.com",
        "phoneNumber": "0901234567", "avatarColor": "#4CAF50"
    })
}

#[tokio::test]
async fn contract_customer_401_without_a_session_everywhere_but_at_sign_up() {
    let (_folder, customers) = crate::parts::seeded().await;
    for (method, path) in [
        (Method::GET, "/info"),
        (Method::POST, "/info"),
        (Method::POST, "/changePass"),
        (Method::GET, "/info/customerId/1"),
        (Method::GET, "/info/phoneNumber/0901"),
        (Method::GET, "/info/fullName/vu"),
        (Method::GET, "/fullName/customerId/1"),
    ] {
        let answer = call(&customers, ANONYMOUS, method, path, "{}").await;
        assert_refused(&answer, StatusCode::UNAUTHORIZED, path);
    }
}
