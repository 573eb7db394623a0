//! The gateway to services at addresses.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::{Json, Router, body::to_bytes, response::IntoResponse, routing::any};
use colloquy_api_gateway::{
    Upstream,
    upstream::{FORWARD, UpstreamRequest},
};
use colloquy_chassis::{ServiceName, SystemClock};
use colloquy_contracts::CustomerId;
use colloquy_credentials::{
    identity::{Caller, Identity, SessionId},
    internal_token::{InternalSigner, InternalVerifier},
    keys::KeyFolder,
};
use colloquy_service_api::{HttpTransport, TransportError};
use http::StatusCode;
use tokio::{net::TcpListener, task::JoinHandle, time::Instant};

struct World {
    keys: KeyFolder,
    _folder: tempfile::TempDir,
}

/// A service on a port of its own; it ends with the test.
struct Service {
    address: String,
    calls: Arc<AtomicU32>,
    server: JoinHandle<()>,
}

impl Drop for Service {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = KeyFolder::new(folder.path());
        keys.complete("k1").unwrap();
        Self {
            keys,
            _folder: folder,
        }
    }

    fn upstream(&self, signer: ServiceName, addresses: &[String]) -> HttpTransport {
        let signer = InternalSigner::load(&self.keys, signer, Arc::new(SystemClock)).unwrap();
        HttpTransport::new(ServiceName::ChatCommand, addresses, signer, FORWARD).unwrap()
    }

    /// Chat command, which tells whom it was called for, protected as in production.
    #[expect(
        clippy::disallowed_methods,
        reason = "a test's server ends with the test"
    )]
    async fn chat_command(&self) -> Service {
        let calls = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&calls);
        let answer = move |caller: Caller| async move {
            counted.fetch_add(1, Ordering::SeqCst);
            Json(caller.customer_id).into_response()
        };
        let verifier =
            InternalVerifier::load(&self.keys, ServiceName::ChatCommand, Arc::new(SystemClock))
                .unwrap();
        let router = verifier.protect(Router::new().route("/message", any(answer)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap();
        });
        Service {
            address,
            calls,
            server,
        }
    }
}

/// An address where nothing listens.
async fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn post_message() -> UpstreamRequest {
    http::Request::post("/message").body("{}".into()).unwrap()
}

fn customer_7() -> Identity {
    let caller = Caller {
        customer_id: CustomerId(7),
        full_name: "Seven".into(),
        session_id: SessionId::default(),
    };
    Identity {
        service: ServiceName::ApiGateway,
        caller: Some(caller),
    }
}

#[tokio::test]
async fn invariant_11_the_identity_crosses_in_a_signed_token() {
    let world = World::new();
    let service = world.chat_command().await;
    let upstream = world.upstream(
        ServiceName::ApiGateway,
        std::slice::from_ref(&service.address),
    );
    let answer = upstream.call(post_message(), customer_7()).await.unwrap();
    let body = to_bytes(answer.into_body(), 100).await.unwrap();
    assert_eq!(body, "7");
}

#[tokio::test]
async fn decision_31_an_instance_that_is_away_is_passed_over_and_nothing_is_sent_twice() {
    let world = World::new();
    let service = world.chat_command().await;
    let upstream = world.upstream(
        ServiceName::ApiGateway,
        &[nowhere().await, service.address.clone()],
    );
    for _ in 0..6 {
        assert_eq!(
            upstream
                .call(post_message(), customer_7())
                .await
                .unwrap()
                .status(),
            StatusCode::OK
        );
    }
    assert_eq!(service.calls.load(Ordering::SeqCst), 6);
}

#[tokio::test]
async fn decision_31_with_every_instance_away_the_service_is_unreachable_at_once() {
    let world = World::new();
    let upstream = world.upstream(ServiceName::ApiGateway, &[nowhere().await, nowhere().await]);
    let began = Instant::now();
    assert!(matches!(
        upstream.call(post_message(), customer_7()).await,
        Err(TransportError::Unreachable(_))
    ));
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn decision_24_a_service_that_refuses_our_credential_is_no_401_of_the_customers() {
    let world = World::new();
    let service = world.chat_command().await;
    let upstream = world.upstream(ServiceName::Mail, std::slice::from_ref(&service.address));
    assert!(matches!(
        upstream.call(post_message(), customer_7()).await,
        Err(TransportError::CredentialRefused)
    ));
    assert_eq!(service.calls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_before_anything_starts() {
    let world = World::new();
    let signer =
        InternalSigner::load(&world.keys, ServiceName::ApiGateway, Arc::new(SystemClock)).unwrap();
    for address in ["127.0.0.1:8085", "https://127.0.0.1:8085", "http://", ""] {
        let made = HttpTransport::new(
            ServiceName::ChatCommand,
            &[address.to_owned()],
            signer.clone(),
            FORWARD,
        );
        assert!(made.is_err(), "{address}");
    }
    assert!(HttpTransport::new(ServiceName::ChatCommand, &[], signer, FORWARD).is_err());
}
