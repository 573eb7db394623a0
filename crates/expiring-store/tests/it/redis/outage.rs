//! Redis away and back, behind a proxy that can be shut.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use bytes::Bytes;
use colloquy_expiring_store::{ExpiringStoreError, Notice};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use super::{address, next, node, prefix};

const MINUTE: Duration = Duration::from_secs(60);
/// What a call may take when Redis is away.
const SOON: Duration = Duration::from_secs(2);

/// Forwards connections to Redis until the future is dropped.
async fn proxy(listener: TcpListener) {
    let redis = address();
    let redis = redis.trim_start_matches("redis://");
    let mut connections = JoinSet::new();
    loop {
        let (mut inside, _) = listener.accept().await.unwrap();
        let mut outside = TcpStream::connect(redis).await.unwrap();
        connections.spawn(async move { copy_bidirectional(&mut inside, &mut outside).await });
    }
}

async fn through<T>(port: u16, act: impl Future<Output = T>) -> T {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    tokio::select! {
        () = proxy(listener) => unreachable!("a proxy forwards for ever"),
        outcome = act => outcome,
    }
}

async fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

fn at(port: u16) -> String {
    format!("redis://127.0.0.1:{port}")
}

#[tokio::test]
async fn a_server_that_is_away_is_reported_within_two_seconds() {
    let (_lives, store) = node(at(free_port().await), "");
    let begin = Instant::now();
    let outcomes = tokio::join!(
        store.put("key", Bytes::new(), MINUTE),
        store.count("key", MINUTE),
        store.join("set".into(), "an", MINUTE),
        store.watch(),
    );
    assert!(begin.elapsed() < SOON, "{:?}", begin.elapsed());
    let errors = [
        outcomes.0.err(),
        outcomes.1.err(),
        outcomes.2.err(),
        outcomes.3.err(),
    ];
    for error in errors {
        assert!(
            matches!(error, Some(ExpiringStoreError::Unavailable(_))),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_reported_within_two_seconds() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (_lives, store) = node(at(silent.local_addr().unwrap().port()), "");
    let begin = Instant::now();
    let outcome = store.get("key").await;
    assert!(begin.elapsed() < SOON, "{:?}", begin.elapsed());
    assert!(
        matches!(outcome, Err(ExpiringStoreError::Unavailable(_))),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn the_first_call_after_an_outage_succeeds() {
    let port = free_port().await;
    let (_lives, store) = node(at(port), &prefix());
    store.get("key").await.unwrap_err();
    // The connection is tried again on its own meanwhile, and refused: that failure is not the next call's. Were this
    // too short the test would prove less, not fail.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let entry = through(port, store.get("key")).await;
    assert_eq!(entry.unwrap(), None);
}

#[tokio::test]
async fn a_watch_outlasts_an_outage_and_reports_that_it_missed_notices() {
    let port = free_port().await;
    let (_lives, store) = node(at(port), &prefix());
    let mut watch = through(port, store.watch()).await.unwrap();
    through(port, async {
        assert_eq!(next(&mut watch).await, Notice::Missed);
        store.get("key").await.ok();
        store.join("set".into(), "an", MINUTE).await.unwrap();
        let set = "set".to_owned();
        assert_eq!(next(&mut watch).await, Notice::Occupied { set });
    })
    .await;
}
