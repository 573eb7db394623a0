//! One trace from a client's request to what is pushed for it, as a collector of OTLP gets it.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use anyhow::{Context as _, Result, ensure};
use colloquy_e2e::harness::{System, eventually};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest, common::v1::any_value::Value, trace::v1::Span,
};
use prost::Message as _;
use reqwest::Method;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};
use uuid::Uuid;

use crate::scene::scene;

/// What a message leads to. In all-in-one nothing is published: there the outbox is the log.
const LED_TO: [&str; 6] = [
    "POST chat-command-service",
    "POST /message",
    "record",
    "project chat-message-sent",
    "push chat-message-sent",
    "push room-updated",
];

/// A stand-in for a collector, which takes all that is posted.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Vec<u8>>>>);

impl Collector {
    async fn listening_at(address: SocketAddr) -> Result<Self> {
        let collector = Self::default();
        let listener = TcpListener::bind(address).await?;
        let posted = collector.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let posted = posted.clone();
                tokio::spawn(async move { posted.take_from(stream).await });
            }
        });
        Ok(collector)
    }

    async fn take_from(self, stream: TcpStream) -> Result<()> {
        let mut stream = BufReader::new(stream);
        loop {
            let (mut length, mut first) = (0, String::new());
            stream.read_line(&mut first).await?;
            ensure!(first == "POST /v1/traces HTTP/1.1\r\n", "{first}");
            loop {
                let mut line = String::new();
                stream.read_line(&mut line).await?;
                if line.trim().is_empty() {
                    break;
                }
                if let Some(octets) = line.to_lowercase().strip_prefix("content-length:") {
                    length = octets.trim().parse()?;
                }
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await?;
            self.0.lock().expect("no test panics with it").push(body);
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            stream.get_mut().write_all(answer).await?;
        }
    }

    fn posted(&self) -> Vec<Vec<u8>> {
        self.0.lock().expect("no test panics with it").clone()
    }

    /// The spans of a trace so far, by their ids.
    fn spans(&self, trace: u128) -> Result<BTreeMap<Vec<u8>, Span>> {
        let mut spans = BTreeMap::new();
        for body in self.posted() {
            let request = ExportTraceServiceRequest::decode(body.as_slice())?;
            for of_process in request.resource_spans {
                let resource = of_process.resource.context("no resource")?;
                let mut names = resource.attributes.iter().map(|one| one.key.as_str());
                ensure!(names.any(|name| name == "service.name"), "{resource:?}");
                let all = of_process
                    .scope_spans
                    .into_iter()
                    .flat_map(|scope| scope.spans);
                let ours = all.filter(|span| span.trace_id == trace.to_be_bytes());
                spans.extend(ours.map(|span| (span.span_id.clone(), span)));
            }
        }
        Ok(spans)
    }
}

/// What a span is, with the topic where it handles an event.
fn named(span: &Span) -> String {
    let topic = span.attributes.iter().find_map(|field| {
        let is_topic = field.key == "messaging.destination.name";
        match field.value.as_ref()?.value.as_ref()? {
            Value::StringValue(topic) if is_topic => Some(topic.as_str()),
            _ => None,
        }
    });
    topic.map_or_else(
        || span.name.clone(),
        |topic| format!("{} {topic}", span.name),
    )
}

#[tokio::test]
async fn one_trace_leads_from_a_request_through_the_log_to_what_is_pushed() -> Result<()> {
    let collector = Collector::listening_at(System::shared().await?.collector()).await?;
    let scene = scene().await?;
    let room = scene.room().await?;
    let mut socket = scene.socket(&scene.user2).await?;
    let subscription = socket.subscribe_room(room).await?;

    let (trace, client) = (Uuid::new_v4().as_u128(), 0x00f0_67aa_0ba9_02b7_u64);
    let text = format!("text {}", Uuid::new_v4().simple());
    let request = scene
        .user1
        .request(Method::POST, "/command/message")
        .header("traceparent", format!("00-{trace:032x}-{client:016x}-01"))
        .json(&json!({"roomId": room, "content": text}));
    let answer = scene.user1.fetch(request).await?;
    ensure!(answer.status == 200, "{answer:?}");
    socket.next_message(&subscription).await?;

    let spans = eventually("the whole trace at the collector", || async {
        let spans = collector.spans(trace)?;
        let names: BTreeSet<_> = spans.values().map(named).collect();
        let is_there = |name: &&str| names.contains(*name);
        Ok(LED_TO.iter().all(is_there).then_some(spans))
    })
    .await?;

    for span in spans.values() {
        let parent = &span.parent_span_id;
        let is_led_to = *parent == client.to_be_bytes() || spans.contains_key(parent);
        assert!(is_led_to, "{} hangs in the air: {span:?}", named(span));
        assert!(span.start_time_unix_nano > 0);
        assert!(span.start_time_unix_nano <= span.end_time_unix_nano);
    }
    let of_client = spans
        .values()
        .filter(|span| span.parent_span_id == client.to_be_bytes());
    assert_eq!(
        of_client.map(named).collect::<Vec<_>>(),
        ["POST chat-command-service"]
    );
    let holds = |octets: &[u8]| {
        octets
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    assert!(
        !collector.posted().iter().any(|body| holds(body)),
        "no span holds what a person wrote"
    );
    Ok(())
}
