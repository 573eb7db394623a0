//! `GET /flow`: where events are.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use axum::body::Body;
use colloquy_chat_command::FlowSources;
use colloquy_event_log::{EventLogError, GroupProgress, Progress};
use http::Request;
use serde_json::{Value, json};

use crate::service::{ALICE, STRANGER, Service, as_customer};

/// A log that says how far its readers are, or does not answer.
#[derive(Default)]
struct Log {
    progress: Option<Progress>,
    asked: AtomicUsize,
}

#[async_trait]
impl GroupProgress for Log {
    async fn progress(&self, group: &str) -> Result<Vec<Progress>, EventLogError> {
        assert_eq!(group, "projector");
        self.asked.fetch_add(1, Ordering::SeqCst);
        let progress = self.progress.map(|progress| vec![progress]);
        progress.ok_or_else(|| EventLogError::Unavailable("down".into()))
    }
}

fn get() -> Request<Body> {
    Request::get("/flow").body(Body::empty()).unwrap()
}

async fn watched(log: &Arc<Log>) -> Service {
    let flow = FlowSources {
        outbox: None,
        log: Arc::clone(log) as _,
        group: "projector",
    };
    Service::watched(flow).await
}

async fn flow_of(service: &Service, customer: i64) -> Value {
    let reply = service.call(as_customer(customer, get())).await;
    assert_eq!(reply.status, 200);
    reply.data().clone()
}

#[tokio::test]
async fn the_flow_is_nowhere_unless_it_is_shown() {
    let service = Service::start().await;
    let reply = service.call(as_customer(ALICE, get())).await;
    assert_eq!(reply.status, 404);
    reply.is_failure();
}

#[tokio::test]
async fn the_flow_is_for_those_who_are_logged_in() {
    let service = watched(&Arc::default()).await;
    let reply = service.call(get()).await;
    assert_eq!(reply.status, 401);
    reply.is_failure();
}

#[tokio::test]
async fn the_flow_says_how_far_the_projection_is_and_asks_the_log_once_for_all() {
    let log = Arc::new(Log {
        progress: Some(Progress {
            partition: 0,
            end: 7,
            position: 5,
        }),
        asked: AtomicUsize::default(),
    });
    let service = watched(&log).await;
    for customer in [ALICE, STRANGER] {
        let flow = flow_of(&service, customer).await;
        assert_eq!(
            flow,
            json!({
                "outbox": null,
                "partitions": [{"partition": 0, "end": 7, "position": 5}],
                "messages": [],
            })
        );
    }
    assert_eq!(log.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_flow_shows_messages_of_ones_own_rooms_without_their_text_also_while_the_log_is_away() {
    let service = watched(&Arc::default()).await;
    let room = service.room().await;
    let message = service.message(ALICE, room).await;
    let flow = flow_of(&service, ALICE).await;
    assert_eq!(flow["partitions"], Value::Null);
    let shown = &flow["messages"][0];
    assert_eq!(
        (
            &shown["messageId"],
            &shown["roomId"],
            &shown["seq"],
            &shown["senderId"]
        ),
        (&json!(message), &json!(room), &json!(1), &json!(ALICE))
    );
    assert_eq!(shown["isInLog"], true);
    assert!(!flow.to_string().contains("hello"), "{flow}");
    assert_eq!(flow_of(&service, STRANGER).await["messages"], json!([]));
}
