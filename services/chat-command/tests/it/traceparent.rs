//! From a call to the header of the record of its event (contract §6).

use std::{future::pending, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use colloquy_chassis::{Lifecycle, SystemClock, trace_context::TraceParent};
use colloquy_chat_command::{ChatCommand, Dependencies, Settings, relay, router};
use colloquy_contracts::Topic;
use colloquy_event_log::{EmbeddedLog, EventLog, Record, SqliteOutbox, TailReader};
use http::Request;
use serde_json::json;
use tokio::time::timeout;
use tower::ServiceExt as _;

use crate::{
    databases::Database,
    directory::Directory,
    kafka::{connect, settings},
    service::{ALICE, BOB, Service, as_customer, post},
    sqlite::File,
};

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// A call that begins a room, with such a header or without one.
fn new_room(traceparent: Option<&str>) -> Request<Body> {
    let body = json!({"roomName": "A room", "targetCustomerIds": [BOB]});
    let mut request = as_customer(ALICE, post("/room", body.to_string()));
    if let Some(traceparent) = traceparent {
        let headers = request.headers_mut();
        headers.insert("traceparent", traceparent.parse().unwrap());
    }
    request
}

async fn next(tail: &mut dyn TailReader) -> Record {
    let record = timeout(Duration::from_secs(30), tail.next(1)).await;
    record.expect("the room is announced").unwrap().remove(0)
}

/// The record is of the trace that the call came with, but names the service's own request; or it is of a new one.
async fn the_record_is_of_the_trace_of_the_call(router: &Router, tail: &mut dyn TailReader) {
    let sent: TraceParent = TRACE.parse().unwrap();
    for (traceparent, is_kept) in [(Some(TRACE), true), (None, false), (Some("00-0"), false)] {
        let answer = router.clone().oneshot(new_room(traceparent)).await.unwrap();
        assert_eq!(answer.status(), 200);
        let announced = next(tail).await.traceparent.expect("a header");
        let is_same = announced.trace_id().to_string() == sent.trace_id().to_string();
        assert_eq!(is_same, is_kept, "{traceparent:?}");
        assert_ne!(announced, sent);
    }
}

#[tokio::test]
async fn contract_6_a_record_of_the_embedded_log_has_the_traceparent_of_the_call() {
    let (service, views) = (Service::start().await, File::fresh());
    let write = SqliteOutbox::open(service.file.database().await).await;
    let views = SqliteOutbox::open(views.database().await).await.unwrap();
    let log = EmbeddedLog::new(write.unwrap(), views);
    let mut tail = log.tail(&Topic::WRITE).await.unwrap();
    the_record_is_of_the_trace_of_the_call(&service.router, tail.as_mut()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contract_6_a_record_in_kafka_has_the_traceparent_of_the_call_through_the_outbox_in_postgres()
 {
    let database = Database::fresh().await;
    let (store, outbox) = database.instance();
    let log = connect(&settings(1)).await;
    let mut tail = log.tail(&Topic::WRITE).await.unwrap();
    let life = Lifecycle::default();
    let service = ChatCommand::start(
        Dependencies {
            store: Arc::new(store),
            directory: Arc::new(Directory::default()),
            clock: Arc::new(SystemClock),
            flow: None,
        },
        Settings::default(),
        &life.tasks(),
    );
    relay::start(Arc::new(outbox), Arc::new(log), pending(), &life.tasks());
    the_record_is_of_the_trace_of_the_call(&router(service), tail.as_mut()).await;
}
