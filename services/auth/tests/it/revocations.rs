//! `GET /internal/revocations`, and what a logout waits for.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use colloquy_auth::{Auth, router, session_store::conformance::session};
use colloquy_chassis::{Lifecycle, ServiceName, readiness::Readiness};
use colloquy_contracts::{CustomerId, SessionNumber, Timestamp};
use colloquy_credentials::{
    identity::{Caller, Identity, SessionId},
    session_verifier::Session,
};
use colloquy_service_api::{
    RevocationFeed as _, RevocationList,
    revocations::{BEGINNING, Reading},
};
use serde_json::Value;
use tokio::time::{Instant, timeout};
use tower::ServiceExt as _;

use crate::parts::{DownStore, OneAccount, auth_on, clock, sqlite_store};

const AN: CustomerId = CustomerId(1);

fn caller(session: u128) -> Caller {
    Caller {
        customer_id: AN,
        full_name: "An".to_owned(),
        session_id: SessionId::from_bits(session),
    }
}

fn reading(after: i64) -> Reading {
    Reading {
        after,
        reader: "gateway".to_owned(),
    }
}

async fn get(auth: &Arc<Auth>, query: &str, identity: Option<Identity>) -> (StatusCode, Value) {
    let path = format!("/internal/revocations?{query}");
    let mut request = Request::get(path).body(Body::empty()).unwrap();
    if let Some(identity) = identity {
        request.extensions_mut().insert(identity);
    }
    let response = router(Arc::clone(auth)).oneshot(request).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

fn from(service: ServiceName) -> Option<Identity> {
    Some(Identity {
        service,
        caller: None,
    })
}

#[tokio::test]
async fn contract_4_services_read_what_was_revoked_after_a_number() {
    let (_folder, store) = sqlite_store().await;
    let auth = auth_on(store, OneAccount, false);
    for number in 1..=2 {
        auth.end_sessions(AN, &session(number)).await.unwrap();
    }
    for service in [ServiceName::ApiGateway, ServiceName::Websocket] {
        let (status, body) = get(&auth, "after=1&reader=r", from(service)).await;
        assert_eq!(status, StatusCode::OK);
        let data = &body["data"];
        assert_eq!((&data["upTo"], &data["isEnd"]), (&2.into(), &true.into()));
        let entries = data["revocations"].as_array().unwrap();
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0]["number"], 2);
        assert_eq!(entries[0]["customerId"], 1);
        let id = "00000000-0000-0000-0000-000000000002";
        assert_eq!(entries[0]["sessionId"], id);
    }
}

#[tokio::test]
async fn contract_4_outsiders_and_bad_questions_are_refused() {
    let (_folder, store) = sqlite_store().await;
    let auth = auth_on(store, OneAccount, false);
    let forwarded = Some(Identity {
        service: ServiceName::ApiGateway,
        caller: Some(caller(1)),
    });
    let long = format!("after=0&reader={}", "x".repeat(65));
    for (query, identity, expected) in [
        ("after=0&reader=r", None, 401),
        ("after=0&reader=r", forwarded, 403),
        ("after=x&reader=r", from(ServiceName::Websocket), 400),
        ("after=0", from(ServiceName::Websocket), 400),
        (&long, from(ServiceName::Websocket), 400),
    ] {
        let (status, body) = get(&auth, query, identity).await;
        assert_eq!(status.as_u16(), expected, "{query}");
        assert_eq!(body["success"], false);
    }
    let down = auth_on(Arc::new(DownStore), OneAccount, false);
    let (status, _) = get(&down, "after=0&reader=r", from(ServiceName::Websocket)).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn decision_23_a_reader_that_waits_is_answered_at_once() {
    let (_folder, store) = sqlite_store().await;
    let auth = auth_on(store, OneAccount, false);
    assert_eq!(auth.read(&reading(BEGINNING)).await.unwrap().up_to, 0);
    let begun = Instant::now();
    assert_eq!(auth.read(&reading(0)).await.unwrap().up_to, 0);
    assert!(begun.elapsed() >= Duration::from_millis(500), "held");
    let question = reading(0);
    let (read, ended) = tokio::join!(auth.read(&question), async {
        let ended = session(1);
        let ending = auth.end_sessions(AN, &ended);
        // No reader passes it: this ends when the reader is given up.
        timeout(Duration::from_secs(10), ending).await.unwrap()
    });
    ended.unwrap();
    assert_eq!(read.unwrap().up_to, 1);
}

#[tokio::test]
async fn decision_23_a_logout_is_answered_once_every_live_reader_denies() {
    let (_folder, store) = sqlite_store().await;
    let auth = auth_on(store, OneAccount, false);
    let readiness = Readiness::default();
    let lifecycle = Lifecycle::default();
    let list = RevocationList::follow(
        auth.clone(),
        clock(),
        readiness.gate("revocations"),
        &lifecycle.tasks(),
    );
    let opened = async {
        while !readiness.waiting_for().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(10), opened).await.unwrap();
    for number in 1..=20 {
        let begun = Instant::now();
        auth.end_sessions(AN, &session(number)).await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(2), "waited in vain");
        for (id, revoked) in [(number, true), (number + 1, false)] {
            let session = Session {
                caller: caller(id),
                number: SessionNumber(1),
                expires_at: Timestamp::from_millis(i64::MAX),
            };
            assert_eq!(list.is_revoked(&session).unwrap(), revoked, "{id}");
        }
    }
}

#[tokio::test]
async fn decision_23_a_reader_that_does_not_read_on_is_waited_for_two_seconds() {
    let (_folder, store) = sqlite_store().await;
    let auth = auth_on(store, OneAccount, false);
    auth.read(&reading(0)).await.unwrap();
    let begun = Instant::now();
    auth.end_sessions(AN, &session(1)).await.unwrap();
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_secs(1), "{waited:?}");
}
