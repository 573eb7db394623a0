//! `POST /logout`.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use colloquy_auth::{SessionStore, router};
use colloquy_chassis::ServiceName;
use colloquy_contracts::CustomerId;
use colloquy_credentials::{
    identity::{Caller, Identity},
    session_token::CLEARED_COOKIE,
};
use colloquy_service_api::revocations::Ended;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::parts::{DownStore, OneAccount, SESSION_ID, auth_on, sqlite_store};

fn caller() -> Caller {
    Caller {
        customer_id: CustomerId(1),
        full_name: "Vũ Thanh Hải".to_owned(),
        session_id: SESSION_ID.parse().unwrap(),
    }
}

async fn send(
    store: &Arc<dyn SessionStore>,
    method: Method,
    caller: Option<Caller>,
) -> (StatusCode, HeaderMap, Value) {
    let mut request = Request::builder()
        .method(method)
        .uri("/logout")
        .body(Body::empty())
        .unwrap();
    request.extensions_mut().insert(Identity {
        service: ServiceName::ApiGateway,
        caller,
    });
    let router = router(auth_on(Arc::clone(store), OneAccount, false));
    let response = router.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let body = serde_json::from_slice(&body).unwrap();
    (parts.status, parts.headers, body)
}

#[tokio::test]
async fn contract_3_logout_revokes_the_session_and_clears_the_cookie() {
    let (_folder, store) = sqlite_store().await;
    let (status, headers, body) = send(&store, Method::POST, Some(caller())).await;
    assert_eq!(status, StatusCode::OK);
    let expected = json!({"message": "Logout successful.", "details": "You are logged out."});
    assert_eq!(body, expected);
    assert_eq!(headers[header::SET_COOKIE], CLEARED_COOKIE);
    let log = store.read_after(0).await.unwrap().revocations;
    assert_eq!(log.len(), 1);
    assert_eq!(log[0].customer_id, CustomerId(1));
    let session_id = SESSION_ID.parse().unwrap();
    assert_eq!(log[0].ended, Ended::Session { session_id });
}

#[tokio::test]
async fn decision_23_logout_twice_and_logout_without_a_session_are_200() {
    let (_folder, store) = sqlite_store().await;
    for (caller, entries) in [(None, 0), (Some(caller()), 1), (Some(caller()), 1)] {
        let (status, headers, body) = send(&store, Method::POST, caller).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(body["message"], "Logout successful.");
        assert_eq!(headers[header::SET_COOKIE], CLEARED_COOKIE);
        let log = store.read_after(0).await.unwrap().revocations;
        assert_eq!(log.len(), entries);
    }
}

#[tokio::test]
async fn decision_23_a_store_that_is_down_is_503_and_the_cookie_is_cleared_all_the_same() {
    let store: Arc<dyn SessionStore> = Arc::new(DownStore);
    let (status, headers, body) = send(&store, Method::POST, Some(caller())).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(headers[header::RETRY_AFTER], "1");
    assert_eq!(headers[header::SET_COOKIE], CLEARED_COOKIE);
    assert_eq!(body["message"], "Logout failed");
}

#[tokio::test]
async fn contract_2_another_method_is_405_in_the_shape_of_the_auth_answers() {
    let store: Arc<dyn SessionStore> = Arc::new(DownStore);
    let (status, headers, body) = send(&store, Method::GET, None).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(body["message"], "Logout failed");
    assert!(!headers.contains_key(header::SET_COOKIE));
}
