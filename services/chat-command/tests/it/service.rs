//! The service on a SQLite file, called through its router as the gateway calls it in process.

use std::sync::Arc;

use axum::{Router, body::Body};
use colloquy_chassis::{Clock, Lifecycle, ServiceName, SystemClock};
use colloquy_chat_command::{
    ChatCommand, Dependencies, FlowSources, Settings, router, write_store::WriteStore,
};
use colloquy_contracts::CustomerId;
use colloquy_credentials::identity::{Caller, Identity, SessionId};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::{directory::Directory, sqlite::File};

pub const ALICE: i64 = 1;
pub const BOB: i64 = 2;
pub const STRANGER: i64 = 99;

pub struct Service {
    pub router: Router,
    pub directory: Arc<Directory>,
    pub file: File,
}

/// An answer, with its envelope taken apart.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Service {
    pub async fn start() -> Self {
        Self::on(File::fresh(), Arc::new(SystemClock)).await
    }

    /// The service with what shows people where events are.
    pub async fn watched(flow: FlowSources) -> Self {
        Self::with(File::fresh(), Arc::new(SystemClock), Some(flow)).await
    }

    /// The service as a process that starts on this file finds it.
    pub async fn on(file: File, clock: Arc<dyn Clock>) -> Self {
        Self::with(file, clock, None).await
    }

    async fn with(file: File, clock: Arc<dyn Clock>, flow: Option<FlowSources>) -> Self {
        let store: Arc<dyn WriteStore> = Arc::new(file.store().await);
        let directory = Arc::new(Directory::default());
        let service = ChatCommand::start(
            Dependencies {
                store,
                directory: Arc::clone(&directory) as _,
                clock,
                flow,
            },
            Settings::default(),
            &Lifecycle::default().tasks(),
        );
        Self {
            router: router(service),
            directory,
            file,
        }
    }

    pub async fn call(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Reply {
            status: parts.status,
            headers: parts.headers,
            body: serde_json::from_slice(&body).expect("every answer is an envelope"),
        }
    }

    pub async fn post(&self, customer: i64, path: &str, body: &Value) -> Reply {
        let request = post(path, body.to_string());
        self.call(as_customer(customer, request)).await
    }

    pub async fn post_keyed(&self, customer: i64, path: &str, key: &str, body: &Value) -> Reply {
        let mut request = post(path, body.to_string());
        let key = key.parse().unwrap();
        request.headers_mut().insert("idempotency-key", key);
        self.call(as_customer(customer, request)).await
    }

    /// A room of Alice and Bob.
    pub async fn room(&self) -> i64 {
        let body = json!({"roomName": "A room", "targetCustomerIds": [BOB]});
        let reply = self.post(ALICE, "/room", &body).await;
        reply.data().as_i64().expect("a room id")
    }

    pub async fn message(&self, customer: i64, room: i64) -> i64 {
        let body = json!({"roomId": room, "content": "hello"});
        let reply = self.post(customer, "/message", &body).await;
        reply.data()["messageId"].as_i64().expect("a message id")
    }

    /// The payloads of a topic.
    pub async fn announced(&self, topic: &str) -> Vec<Value> {
        let rows: Vec<Vec<u8>> =
            sqlx::query_scalar("SELECT payload FROM outbox WHERE topic = ?1 ORDER BY id")
                .bind(topic)
                .fetch_all(&self.file.database().await.readers)
                .await
                .unwrap();
        rows.iter()
            .map(|payload| serde_json::from_slice(payload).unwrap())
            .collect()
    }

    /// How many idempotency keys are kept.
    pub async fn keys(&self) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM idempotency")
            .fetch_one(&self.file.database().await.readers)
            .await
            .unwrap()
    }

    /// Every one of these bodies is refused with that status, and no event is published.
    pub async fn refuses(&self, path: &str, status: u16, bodies: &[Value]) {
        for body in bodies {
            let reply = self.post(ALICE, path, body).await;
            assert_eq!(reply.status, status, "{body}: {reply:?}");
            reply.is_failure();
        }
    }
}

impl Reply {
    pub fn data(&self) -> &Value {
        assert_eq!(self.status, 200, "{self:?}");
        assert_eq!(self.body["success"], true);
        &self.body["data"]
    }

    pub fn is_failure(&self) {
        assert_eq!(self.body["success"], false);
        assert_eq!(self.body["data"], Value::Null);
        let sentence = self.body["message"].as_str().unwrap();
        assert!(
            sentence.ends_with('.'),
            "a sentence for a person: {sentence}"
        );
        assert!(self.headers.contains_key("x-request-id"));
    }

    pub fn replayed(&self) -> bool {
        self.headers
            .get("idempotent-replayed")
            .is_some_and(|value| value == "true")
    }
}

pub fn post(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path)
        .header("content-type", "application/json")
        .body(body.into())
        .unwrap()
}

pub fn as_customer(customer: i64, mut request: Request<Body>) -> Request<Body> {
    request.extensions_mut().insert(Identity {
        service: ServiceName::ApiGateway,
        caller: Some(Caller {
            customer_id: CustomerId(customer),
            full_name: format!("Token {customer}"),
            session_id: SessionId::from_bits(1),
        }),
    });
    request
}

pub fn as_service(service: ServiceName, mut request: Request<Body>) -> Request<Body> {
    request.extensions_mut().insert(Identity {
        service,
        caller: None,
    });
    request
}

/// What every command refuses before it looks at the domain.
pub async fn edge_cases(path: &str, good: &Value) {
    let service = Service::start().await;
    let anonymous = service.call(post(path, good.to_string())).await;
    assert_eq!(anonymous.status, 401, "no identity");
    let without_customer = as_service(ServiceName::ApiGateway, post(path, good.to_string()));
    assert_eq!(
        service.call(without_customer).await.status,
        401,
        "no customer"
    );
    let unreadable = post(path, "{");
    assert_eq!(
        service.call(unreadable).await.status,
        401,
        "authentication comes first"
    );

    for body in ["", "{", "[]", "null", "\"text\"", "{\"roomId\":1,}"] {
        let reply = service.call(as_customer(ALICE, post(path, body))).await;
        assert_eq!(reply.status, 400, "{body}");
        reply.is_failure();
    }
    let mut form = post(path, good.to_string());
    form.headers_mut()
        .insert("content-type", "text/plain".parse().unwrap());
    let reply = service.call(as_customer(ALICE, form)).await;
    assert_eq!(reply.status, 415);
    reply.is_failure();

    let huge = json!({"padding": "x".repeat(256 * 1024)});
    let reply = service.post(ALICE, path, &huge).await;
    assert_eq!(reply.status, 413);
    reply.is_failure();

    let get = as_customer(ALICE, Request::get(path).body(Body::empty()).unwrap());
    let reply = service.call(get).await;
    assert_eq!(reply.status, 405);
    reply.is_failure();

    for key in ["a b", "", &"k".repeat(256), "é"] {
        let reply = service.post_keyed(ALICE, path, key, good).await;
        assert_eq!(reply.status, 400, "key {key:?}");
        reply.is_failure();
    }
    let mut twice = post(path, good.to_string());
    for key in ["one", "two"] {
        twice
            .headers_mut()
            .append("idempotency-key", key.parse().unwrap());
    }
    let reply = service.call(as_customer(ALICE, twice)).await;
    assert_eq!(reply.status, 400, "two keys");
}
