//! `POST /internal/send`.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use colloquy_chassis::{ServiceName, clock::ManualClock};
use colloquy_contracts::{Envelope, Timestamp};
use colloquy_credentials::identity::Identity;
use colloquy_mail::{MailService, router};
use colloquy_service_api::{CallError, Mailer as _, mailer::PATH};
use colloquy_sql::StoreError;
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use crate::{
    parts::{BrokenStore, Embedded, NOW, key, mail, settings},
    scripted_server::{ScriptedServer, transport},
};

const GOOD: &str = r#"{"to":"an@example.com","subject":"Your code","body":"123456"}"#;

/// A service whose mails wait: it does not send.
async fn waiting() -> Embedded {
    let unreachable = TcpListener::bind("127.0.0.1:0").await.unwrap();
    Embedded::new(transport(unreachable.local_addr().unwrap())).await
}

/// A service on a store that fails so.
fn broken(error: fn() -> StoreError) -> Arc<MailService> {
    let clock = Arc::new(ManualClock::at(Timestamp::from_millis(NOW)));
    let unreachable = transport("127.0.0.1:1".parse().unwrap());
    MailService::new(
        Arc::new(BrokenStore(error)),
        &key(1),
        Arc::new(unreachable),
        clock,
        settings(),
    )
}

async fn post(
    service: &Arc<MailService>,
    caller: Option<ServiceName>,
    body: &str,
) -> (StatusCode, Envelope<()>) {
    let mut request = Request::post(PATH)
        .header("content-type", "application/json")
        .body(Body::from(body.to_owned()))
        .unwrap();
    if let Some(service) = caller {
        let identity = Identity {
            service,
            caller: None,
        };
        request.extensions_mut().insert(identity);
    }
    let response = router(Arc::clone(service)).oneshot(request).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

async fn send(service: &Arc<MailService>, body: &str) -> (StatusCode, Envelope<()>) {
    post(service, Some(ServiceName::Customer), body).await
}

#[tokio::test]
async fn contract_4_mail_200_when_it_is_queued() {
    let waiting = waiting().await;
    let (status, answer) = send(&waiting.service, GOOD).await;
    assert_eq!((status, answer.success), (StatusCode::OK, true));
    assert_eq!(waiting.waiting().await, 1);
}

#[tokio::test]
async fn contract_4_mail_200_is_sent_with_its_text() {
    let mut server = ScriptedServer::start([]).await;
    let sending = Embedded::sending(server.transport()).await;
    let (status, _) = send(&sending.service, GOOD).await;
    assert_eq!(status, StatusCode::OK);
    let taken = server.next().await;
    assert_eq!(taken.recipients, ["<an@example.com>"]);
    assert!(taken.message.contains("123456"));
}

#[tokio::test]
async fn contract_4_mail_400_for_a_missing_or_invalid_field() {
    let waiting = waiting().await;
    let long = format!(
        r#"{{"to":"an@example.com","subject":"{}","body":"b"}}"#,
        "s".repeat(256)
    );
    for body in [
        "{}",
        r#"{"subject":"s","body":"b"}"#,
        r#"{"to":"an@example.com","body":"b"}"#,
        r#"{"to":"an@example.com","subject":"s"}"#,
        r#"{"to":null,"subject":"s","body":"b"}"#,
        r#"{"to":["an@example.com"],"subject":"s","body":"b"}"#,
        r#"{"to":"","subject":"s","body":"b"}"#,
        r#"{"to":"nobody","subject":"s","body":"b"}"#,
        r#"{"to":"an@example.com","subject":"","body":"b"}"#,
        r#"{"to":"an@example.com","subject":" ","body":"b"}"#,
        r#"{"to":"an@example.com","subject":"s","body":""}"#,
        r#"{"to":"an@example.com","subject":"s","body":"\n"}"#,
        r#"{"to":"an@example.com","subject":"s","body":"b","expiresAt":"soon"}"#,
        long.as_str(),
        "to=an@example.com",
    ] {
        let (status, answer) = send(&waiting.service, body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
        assert!(!answer.success);
    }
    assert_eq!(waiting.waiting().await, 0);
}

#[tokio::test]
async fn s31_line_breaks_and_lists_are_refused_in_every_field() {
    let waiting = waiting().await;
    for body in [
        r#"{"to":"an@example.com\r\nBcc: bo@example.com","subject":"s","body":"b"}"#,
        r#"{"to":"an@example.com\n","subject":"s","body":"b"}"#,
        r#"{"to":"an@exa\rmple.com","subject":"s","body":"b"}"#,
        r#"{"to":"an@example.com\u0000","subject":"s","body":"b"}"#,
        r#"{"to":"an@example.com, bo@example.com","subject":"s","body":"b"}"#,
        r#"{"to":"An <an@example.com>","subject":"s","body":"b"}"#,
        r#"{"to":"an@example.com","subject":"s\r\nBcc: bo@example.com","body":"b"}"#,
        r#"{"to":"an@example.com","subject":"s\nBcc: bo@example.com","body":"b"}"#,
        r#"{"to":"an@example.com","subject":"s\rBcc: bo@example.com","body":"b"}"#,
        r#"{"to":"an@example.com","subject":"s\u0000","body":"b"}"#,
        r#"{"to":"an@example.com","subject":"s","body":"b\u0000"}"#,
    ] {
        let (status, answer) = send(&waiting.service, body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
        assert!(!answer.message.contains("bo@"), "values are not quoted");
    }
    assert_eq!(waiting.waiting().await, 0);
}

#[tokio::test]
async fn contract_4_mail_503_when_it_cannot_be_queued_and_never_500() {
    let away = || StoreError::Unavailable(sqlx::Error::PoolTimedOut);
    let defect = || StoreError::Defect(sqlx::Error::RowNotFound);
    for error in [away as fn() -> StoreError, defect] {
        let (status, answer) = send(&broken(error), GOOD).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(!answer.success);
    }
}

#[tokio::test]
async fn contract_4_mail_is_asked_by_services_alone() {
    let waiting = waiting().await;
    for (caller, expected) in [
        (None, StatusCode::UNAUTHORIZED),
        (Some(ServiceName::ApiGateway), StatusCode::FORBIDDEN),
    ] {
        for body in [GOOD, "{}"] {
            let (status, _) = post(&waiting.service, caller, body).await;
            assert_eq!(status, expected);
        }
    }
    assert_eq!(waiting.waiting().await, 0);
}

#[tokio::test]
async fn contract_4_mail_answers_in_process_as_over_http() {
    let waiting = waiting().await;
    waiting.service.send(&mail("an@example.com")).await.unwrap();
    assert_eq!(waiting.waiting().await, 1);
    let refused = waiting.service.send(&mail("an@example.com, bo@b")).await;
    assert!(matches!(
        refused,
        Err(CallError::Refused(
            ServiceName::Mail,
            StatusCode::BAD_REQUEST
        ))
    ));
    let away = broken(|| StoreError::Unavailable(sqlx::Error::PoolTimedOut));
    let unavailable = away.send(&mail("an@example.com")).await;
    assert!(matches!(
        unavailable,
        Err(CallError::Unavailable(ServiceName::Mail, Some(_)))
    ));
}
