use std::{sync::Arc, time::Duration};

use axum::{Json, Router, routing::get};
use colloquy_chassis::{
    ServiceName, SystemClock,
    request_id::{self, REQUEST_ID},
    trace_context::{self, TRACEPARENT, TraceParent},
};
use colloquy_contracts::Envelope;
use colloquy_credentials::{
    internal_token::{InternalSigner, InternalVerifier},
    keys::KeyFolder,
};
use colloquy_service_api::{CallError, ServiceClient};
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::{net::TcpListener, time::timeout};

/// The shortest timeout of a caller.
const SHORTEST_TIMEOUT: Duration = Duration::from_millis(500);
/// Enough for an answer, however busy the machine is.
const LONG_TIMEOUT: Duration = Duration::from_secs(10);

struct World {
    address: String,
    keys: KeyFolder,
    _folder: tempfile::TempDir,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Chat command, protected as on its own port.
#[expect(
    clippy::disallowed_methods,
    reason = "a test's server ends with the test"
)]
async fn chat_command() -> World {
    let folder = tempfile::tempdir().unwrap();
    let keys = KeyFolder::new(folder.path());
    keys.complete("k1").unwrap();
    let verifier =
        InternalVerifier::load(&keys, ServiceName::ChatCommand, Arc::new(SystemClock)).unwrap();
    let router = Router::new()
        .route(
            "/yes",
            get(|| async { Json(Envelope::success("yes", true)) }),
        )
        .route(
            "/nothing",
            get(|| async {
                Json(Envelope::<bool> {
                    success: true,
                    message: String::new(),
                    data: None,
                })
            }),
        )
        .route(
            "/headers",
            get(|headers: HeaderMap| async move {
                let mut names: Vec<_> = headers.keys().map(ToString::to_string).collect();
                names.sort();
                let id = headers.get(&REQUEST_ID).map(|id| id.to_str().unwrap());
                Json(Envelope::success("headers", (names, id.map(str::to_owned))))
            }),
        )
        .route(
            "/trace",
            get(|headers: HeaderMap| async move {
                let trace = headers
                    .get(&TRACEPARENT)
                    .map(|value| value.to_str().unwrap());
                Json(Envelope::success("trace", trace.map(str::to_owned)))
            }),
        )
        .route(
            "/broken",
            get(|| async { StatusCode::INTERNAL_SERVER_ERROR }),
        );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        axum::serve(listener, verifier.protect(router))
            .await
            .unwrap();
    });
    World {
        address,
        keys,
        _folder: folder,
        server,
    }
}

impl World {
    fn client(&self, caller: ServiceName, instances: &[String]) -> ServiceClient {
        let signer = InternalSigner::load(&self.keys, caller, Arc::new(SystemClock)).unwrap();
        ServiceClient::new(ServiceName::ChatCommand, instances, signer).unwrap()
    }

    async fn ask(&self, caller: ServiceName, path: &str) -> Result<Option<bool>, CallError> {
        self.client(caller, std::slice::from_ref(&self.address))
            .get(path)
            .await
    }
}

/// An address where nothing listens.
async fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn an_answer_is_the_data_of_the_envelope() {
    let world = chat_command().await;
    assert_eq!(
        world.ask(ServiceName::ChatQuery, "/yes").await.unwrap(),
        Some(true)
    );
    assert_eq!(
        world.ask(ServiceName::ChatQuery, "/nothing").await.unwrap(),
        None
    );
}

#[tokio::test]
async fn decision_24_a_caller_that_is_not_in_the_table_is_refused() {
    let world = chat_command().await;
    let refusal = world.ask(ServiceName::Mail, "/yes").await.unwrap_err();
    assert!(
        matches!(refusal, CallError::Refused(_, StatusCode::UNAUTHORIZED)),
        "{refusal}"
    );
}

#[tokio::test]
async fn a_service_that_fails_is_unavailable() {
    let world = chat_command().await;
    assert!(matches!(
        world.ask(ServiceName::ChatQuery, "/broken").await,
        Err(CallError::Unavailable(..))
    ));
}

#[tokio::test]
async fn an_instance_that_is_away_is_passed_over() {
    let world = chat_command().await;
    let client = world.client(
        ServiceName::ChatQuery,
        &[nowhere().await, world.address.clone()],
    );
    for _ in 0..4 {
        assert_eq!(client.get("/yes").await.unwrap(), Some(true));
    }
}

#[tokio::test]
async fn p6_an_endpoint_that_hangs_is_ejected_by_the_first_caller_that_gives_up_on_it() {
    let world = chat_command().await;
    // As a process that was stopped: the kernel accepts the calls, and no process reads them.
    let stopped = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hanging = format!("http://{}", stopped.local_addr().unwrap());
    let client = world.client(ServiceName::ChatQuery, &[hanging, world.address.clone()]);
    let ask = async |limit| {
        let answer = client.get("/yes");
        let answer = timeout(limit, answer).await.ok()?;
        answer.unwrap().map(|yes: bool| yes)
    };
    // A caller that gives up at once proves nothing about it.
    assert_eq!(ask(Duration::ZERO).await, None);
    assert_eq!(ask(LONG_TIMEOUT).await, Some(true));
    assert_eq!(ask(SHORTEST_TIMEOUT).await, None, "its turn");
    for _ in 0..2 {
        assert_eq!(ask(LONG_TIMEOUT).await, Some(true));
    }
}

#[tokio::test]
async fn with_every_instance_away_the_service_is_unavailable() {
    let world = chat_command().await;
    let client = world.client(ServiceName::ChatQuery, &[nowhere().await, nowhere().await]);
    let answer: Result<Option<bool>, _> = client.get("/yes").await;
    assert!(matches!(answer, Err(CallError::Unavailable(..))));
}

#[tokio::test]
async fn contract_2_a_call_carries_the_id_of_the_request_it_is_a_part_of_and_nothing_else_of_it() {
    type Headers = Option<(Vec<String>, Option<String>)>;
    let world = chat_command().await;
    let client = world.client(ServiceName::ChatQuery, std::slice::from_ref(&world.address));
    let ask = || client.get("/headers");

    let id = HeaderValue::from_static("trace-7");
    let within: Headers = request_id::within(id, ask()).await.unwrap();
    let (names, id) = within.unwrap();
    assert_eq!(names, ["authorization", "host", "x-request-id"]);
    assert_eq!(id.as_deref(), Some("trace-7"));

    let outside: Headers = ask().await.unwrap();
    let (names, _) = outside.unwrap();
    assert_eq!(names, ["authorization", "host"]);
}

#[tokio::test]
async fn contract_6_a_call_carries_the_traceparent_of_the_request_it_is_a_part_of() {
    const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let world = chat_command().await;
    let client = world.client(ServiceName::ChatQuery, std::slice::from_ref(&world.address));
    let ask = || client.get("/trace");
    let trace: TraceParent = TRACE.parse().unwrap();
    let within: Option<String> = trace_context::within(trace, ask()).await.unwrap();
    assert_eq!(within.as_deref(), Some(TRACE));
    let outside: Option<String> = ask().await.unwrap();
    assert_eq!(outside, None);
}
