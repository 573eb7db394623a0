//! `POST /internal/sessions/end` and `GET /internal/sessions/ready`: what customer management asks (decision 23).

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    http::{Method, Request, StatusCode, header},
};
use colloquy_auth::{SessionStore, router};
use colloquy_chassis::ServiceName;
use colloquy_contracts::{CustomerId, SessionNumber};
use colloquy_credentials::identity::{Caller, Identity, SessionId};
use colloquy_service_api::{
    CallError, SessionEnding as _,
    revocations::Ended,
    session_ending::{END_PATH, EndSessions, READY_PATH},
};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::parts::{DownStore, OneAccount, SESSION_ID, auth_on, sqlite_store};

fn service(service: ServiceName) -> Option<Identity> {
    Some(Identity {
        service,
        caller: None,
    })
}

fn forwarded() -> Option<Identity> {
    let caller = Caller {
        customer_id: CustomerId(1),
        full_name: "An".to_owned(),
        session_id: SessionId::from_bits(1),
    };
    Some(Identity {
        service: ServiceName::ApiGateway,
        caller: Some(caller),
    })
}

async fn call(
    store: &Arc<dyn SessionStore>,
    identity: Option<Identity>,
    (method, path): (Method, &str),
    body: &str,
) -> (StatusCode, Value) {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_owned()))
        .unwrap();
    if let Some(identity) = identity {
        request.extensions_mut().insert(identity);
    }
    let router = router(auth_on(Arc::clone(store), OneAccount, false));
    let response = router.oneshot(request).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

/// The sessions of customer 7 with smaller numbers than that.
fn ending(before: i64, except: Option<&str>) -> String {
    json!({"customerId": 7, "before": before, "except": except}).to_string()
}

const END: (Method, &str) = (Method::POST, END_PATH);
const READY: (Method, &str) = (Method::GET, READY_PATH);

#[tokio::test]
async fn decision_23_customer_management_ends_the_sessions_with_smaller_numbers_but_perhaps_one() {
    let (_folder, store) = sqlite_store().await;
    for body in [ending(5, None), ending(5, Some(SESSION_ID))] {
        let (status, answer) = call(&store, service(ServiceName::Customer), END, &body).await;
        assert_eq!((status, &answer["success"]), (StatusCode::OK, &true.into()));
    }
    let log = store.read_after(0).await.unwrap().revocations;
    let excepted = [None, Some(SESSION_ID.parse().unwrap())];
    for (entry, except) in log.iter().zip(excepted) {
        assert_eq!(entry.customer_id, CustomerId(7));
        let before = SessionNumber(5);
        assert_eq!(entry.ended, Ended::EarlierSessions { before, except });
    }
    assert_eq!(log.len(), 2);
}

#[tokio::test]
async fn decision_31_only_customer_management_ends_sessions_of_others() {
    let (_folder, store) = sqlite_store().await;
    for (identity, expected) in [
        (None, StatusCode::UNAUTHORIZED),
        (forwarded(), StatusCode::FORBIDDEN),
        (service(ServiceName::ApiGateway), StatusCode::FORBIDDEN),
        (service(ServiceName::Websocket), StatusCode::FORBIDDEN),
    ] {
        for asked in [END, READY] {
            let (status, answer) = call(&store, identity.clone(), asked, &ending(0, None)).await;
            assert_eq!(status, expected, "{identity:?}");
            assert_eq!(answer["success"], false);
        }
    }
    assert_eq!(store.read_after(0).await.unwrap().up_to, 0);
}

#[tokio::test]
async fn decision_23_readiness_is_the_stores_and_a_store_that_is_down_is_503() {
    let (_folder, there) = sqlite_store().await;
    let away: Arc<dyn SessionStore> = Arc::new(DownStore);
    for (store, expected) in [(there, 200), (away, 503)] {
        for asked in [READY, END] {
            let customer = service(ServiceName::Customer);
            let (status, _) = call(&store, customer, asked, &ending(0, None)).await;
            assert_eq!(status.as_u16(), expected);
        }
    }
}

#[tokio::test]
async fn contract_4_a_question_that_does_not_fit_is_400() {
    let (_folder, store) = sqlite_store().await;
    for body in [
        "{}",
        r#"{"customerId":1}"#,
        r#"{"customerId":"x","before":5}"#,
        r#"{"customerId":1,"before":"soon"}"#,
        r#"{"customerId":1,"before":5,"except":"x"}"#,
    ] {
        let (status, _) = call(&store, service(ServiceName::Customer), END, body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
    }
}

#[tokio::test]
async fn decision_23_in_one_process_auth_is_asked_without_http() {
    let ending = EndSessions {
        customer_id: CustomerId(7),
        before: SessionNumber(5),
        except: None,
        reset: None,
    };
    let (_folder, store) = sqlite_store().await;
    let auth = auth_on(Arc::clone(&store), OneAccount, false);
    auth.ready().await.unwrap();
    auth.end_earlier(&ending).await.unwrap();
    assert_eq!(store.read_after(0).await.unwrap().up_to, 1);
    let down = auth_on(Arc::new(DownStore), OneAccount, false);
    for asked in [down.ready().await, down.end_earlier(&ending).await] {
        let error = asked.unwrap_err();
        assert!(matches!(
            error,
            CallError::Unavailable(ServiceName::Auth, _)
        ));
    }
}
