//! Sends spans to a collector: OTLP over HTTP, as protobuf, to `/v1/traces` of the endpoint.
//!
//! Traces are a help, and never in the way: what a collector does not take in time, and what waits behind too much else, is
//! dropped and counted.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Uri, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span, status::StatusCode},
};
use prost::Message as _;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout, timeout_at},
};
use uuid::Uuid;

use super::{
    RECORDER, Recorder, Sampling,
    open::{Field, Finished, SpanKind},
};
use crate::{Tasks, answer::chain, figures};

const DROPPED: &str = "colloquy_spans_dropped_total";
/// Spans that wait for the exporter; beyond that they are dropped.
const QUEUE: usize = 8192;
/// Spans in one request.
const BATCH: usize = 1024;
/// The first span of a batch waits so long for others.
const GATHER_INTERVAL: Duration = Duration::from_secs(1);
/// A collector that has not answered by then has not taken the batch.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// Sockets that are idle are closed before a collector does it.
const IDLE_TIMEOUT: Duration = Duration::from_secs(5);

/// Where spans go, and of which traces.
#[derive(Clone, Debug)]
pub struct Collector {
    /// `http://host:port[/path]`, without `/v1/traces`.
    pub endpoint: String,
    /// The share of traces that is recorded, between 0 and 1.
    pub sample_ratio: f64,
    /// The name of this process among others.
    pub service: &'static str,
}

/// An endpoint that is no `http://host:port`.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no address of a collector, such as http://127.0.0.1:4318")]
pub struct BadEndpoint(String);

/// Counts spans that no collector has got.
pub(super) fn count_dropped(spans: usize) {
    metrics::counter!(DROPPED).increment(spans as u64);
}

/// Describes what is counted, with a collector and without.
pub(crate) fn describe() {
    figures::counters(&[(
        DROPPED,
        "Spans that no collector has got: it was away, or too many waited.",
    )]);
}

/// The address that batches are posted to.
///
/// # Errors
/// The endpoint is no `http://host:port`.
pub fn address(endpoint: &str) -> Result<Uri, BadEndpoint> {
    let bad = || BadEndpoint(endpoint.to_owned());
    let uri = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
    let uri: Uri = uri.parse().map_err(|_| bad())?;
    let is_http =
        uri.scheme_str() == Some("http") && uri.host().is_some_and(|host| !host.is_empty());
    if is_http { Ok(uri) } else { Err(bad()) }
}

/// Records spans from now on, and sends them until the process ends. Once in a process.
///
/// # Errors
/// The endpoint cannot be used.
pub fn start(collector: &Collector, tasks: &Tasks) -> Result<(), BadEndpoint> {
    let to = address(&collector.endpoint)?;
    let (finished, waiting) = mpsc::channel(QUEUE);
    let recorder = Recorder {
        sampling: Sampling::of(collector.sample_ratio),
        finished,
    };
    if RECORDER.set(recorder).is_err() {
        return Ok(());
    }
    let exporter = Exporter {
        to,
        resource: resource(collector.service),
        client: client(),
        is_well: true,
    };
    let stop = tasks.clone();
    tasks.spawn_vital("export of spans", exporter.run(waiting, stop));
    Ok(())
}

fn client() -> Client<HttpConnector, Full<Bytes>> {
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_TIMEOUT)
        .build(HttpConnector::new())
}

struct Exporter {
    to: Uri,
    resource: Resource,
    client: Client<HttpConnector, Full<Bytes>>,
    /// Whether the collector took the last batch.
    is_well: bool,
}

impl Exporter {
    async fn run(mut self, mut waiting: mpsc::Receiver<Finished>, tasks: Tasks) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                _ = waiting.recv_many(&mut batch, BATCH) => {}
                () = tasks.stopping() => break,
            }
            gather(&mut waiting, &mut batch, &tasks).await;
            self.send(&mut batch).await;
        }
        // Requests that are on their way end within this time, and their spans are sent as well. A collector that does not
        // take what waits must not hold up the end.
        let end = Instant::now() + GATHER_INTERVAL;
        loop {
            gather_until(end, &mut waiting, &mut batch).await;
            if batch.is_empty() {
                return;
            }
            self.send(&mut batch).await;
            if !self.is_well {
                return count_dropped(waiting.len());
            }
        }
    }

    /// Sends a batch, and empties it, whether or not it was taken.
    async fn send(&mut self, batch: &mut Vec<Finished>) {
        if batch.is_empty() {
            return;
        }
        let spans = batch.drain(..).map(encoded).collect::<Vec<_>>();
        let number = spans.len();
        match timeout(ANSWER_TIMEOUT, self.post(spans)).await {
            Ok(Ok(())) => {
                if !self.is_well {
                    tracing::info!("the collector takes spans again");
                }
                self.is_well = true;
                return;
            }
            Ok(Err(error)) if self.is_well => {
                tracing::warn!(
                    error = chain(error.as_ref()),
                    "the collector takes no spans; they are dropped"
                );
            }
            Err(_) if self.is_well => {
                tracing::warn!("the collector does not answer; spans are dropped");
            }
            _ => {}
        }
        self.is_well = false;
        count_dropped(number);
    }

    async fn post(&self, spans: Vec<Span>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(self.to.clone())
            .header(header::CONTENT_TYPE, "application/x-protobuf")
            .body(Full::new(self.encode(spans)))?;
        let answer = self.client.request(request).await?;
        let status = answer.status();
        // Read to its end, so that the connection can be used again.
        answer.into_body().collect().await?;
        match status.is_success() {
            true => Ok(()),
            false => Err(format!("the collector answered {status}").into()),
        }
    }

    fn encode(&self, spans: Vec<Span>) -> Bytes {
        let scope = InstrumentationScope {
            name: "colloquy".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ..InstrumentationScope::default()
        };
        let scope_spans = ScopeSpans {
            scope: Some(scope),
            spans,
            ..ScopeSpans::default()
        };
        let resource_spans = ResourceSpans {
            resource: Some(self.resource.clone()),
            scope_spans: vec![scope_spans],
            ..ResourceSpans::default()
        };
        let request = ExportTraceServiceRequest {
            resource_spans: vec![resource_spans],
        };
        request.encode_to_vec().into()
    }
}

/// Waits a while for more of a batch, unless the process stops.
async fn gather(waiting: &mut mpsc::Receiver<Finished>, batch: &mut Vec<Finished>, tasks: &Tasks) {
    tokio::select! {
        () = gather_until(Instant::now() + GATHER_INTERVAL, waiting, batch) => {}
        () = tasks.stopping() => {}
    }
}

async fn gather_until(
    end: Instant,
    waiting: &mut mpsc::Receiver<Finished>,
    batch: &mut Vec<Finished>,
) {
    while batch.len() < BATCH {
        let room = BATCH - batch.len();
        match timeout_at(end, waiting.recv_many(batch, room)).await {
            Ok(taken) if taken > 0 => {}
            _ => return,
        }
    }
}

fn resource(service: &str) -> Resource {
    let instance = Uuid::new_v4().to_string();
    let attributes = [
        ("service.name", service),
        ("service.instance.id", &instance),
        ("service.version", env!("CARGO_PKG_VERSION")),
    ];
    Resource {
        attributes: attributes
            .map(|(key, value)| attribute(key, Value::StringValue(value.to_owned())))
            .into(),
        ..Resource::default()
    }
}

fn encoded(span: Finished) -> Span {
    let nanos = |since_epoch: Duration| u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX);
    let field = |(key, value): (&'static str, Field)| {
        let value = match value {
            Field::Text(text) => Value::StringValue(text.into_owned()),
            Field::Number(number) => Value::IntValue(number),
        };
        attribute(key, value)
    };
    let parent = span.parent.map(|parent| parent.to_be_bytes().to_vec());
    Span {
        trace_id: span.trace.to_be_bytes().into(),
        span_id: span.id.to_be_bytes().into(),
        parent_span_id: parent.unwrap_or_default(),
        name: span.name.into_owned(),
        kind: kind(span.kind).into(),
        start_time_unix_nano: nanos(span.began),
        end_time_unix_nano: nanos(span.began + span.took),
        attributes: span.fields.into_iter().map(field).collect(),
        status: span.failed.then(|| Status {
            message: String::new(),
            code: StatusCode::Error.into(),
        }),
        ..Span::default()
    }
}

fn kind(kind: SpanKind) -> span::SpanKind {
    match kind {
        SpanKind::Internal => span::SpanKind::Internal,
        SpanKind::Server => span::SpanKind::Server,
        SpanKind::Producer => span::SpanKind::Producer,
        SpanKind::Consumer => span::SpanKind::Consumer,
    }
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use axum::{Router, routing::post};
    use tokio::{net::TcpListener, sync::Notify};

    use super::*;
    use crate::{Lifecycle, http_server, spans::Span as Open};

    /// The endpoint of a collector, and how many spans it has got.
    async fn collector(life: &Lifecycle) -> (String, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let got = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&got);
        let take = post(move |body: Bytes| {
            let request = ExportTraceServiceRequest::decode(body).unwrap();
            let scopes = request
                .resource_spans
                .iter()
                .flat_map(|one| &one.scope_spans);
            let spans = scopes.map(|scope| scope.spans.len()).sum();
            counted.fetch_add(spans, Ordering::Relaxed);
            std::future::ready(())
        });
        let (router, tasks) = (Router::new().route("/v1/traces", take), life.tasks());
        tasks.spawn(http_server::serve(listener, router, tasks.clone()));
        (endpoint, got)
    }

    #[tokio::test]
    async fn every_span_that_waits_at_a_stop_is_sent_before_the_end() {
        let (life, collecting) = (Lifecycle::default(), Lifecycle::default());
        let (endpoint, got) = collector(&collecting).await;
        let (finished, waiting) = mpsc::channel(QUEUE);
        let place = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        for _ in 0..QUEUE {
            let span = Open::below(place.parse().unwrap(), SpanKind::Internal, "work");
            finished.try_send(span.finished().unwrap()).unwrap();
        }
        let exporter = Exporter {
            to: address(&endpoint).unwrap(),
            resource: resource("test"),
            client: client(),
            is_well: true,
        };
        let tasks = life.tasks();
        tasks.spawn_vital("export of spans", exporter.run(waiting, tasks.clone()));
        let stop = Notify::new();
        stop.notify_one();
        life.run_until(|| stop.notified()).await.unwrap();
        assert_eq!(got.load(Ordering::Relaxed), QUEUE);
    }

    #[test]
    fn spans_are_posted_to_the_path_of_traces_below_the_endpoint() {
        for (endpoint, expected) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            ("http://[::1]:4318/", "http://[::1]:4318/v1/traces"),
            ("http://otel/tenant", "http://otel/tenant/v1/traces"),
        ] {
            assert_eq!(address(endpoint).unwrap().to_string(), expected);
        }
        for bad in [
            "",
            "127.0.0.1:4318",
            "https://otel:4318",
            "http://",
            "http:// x",
        ] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }
}
