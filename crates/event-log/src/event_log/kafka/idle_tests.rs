//! What readers ask of a broker while nothing happens, and that their patience delays nothing: against a real one, because
//! librdkafka's mock does not cut a fetch short.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use colloquy_contracts::{RoomId, Topic};
use futures_util::StreamExt as _;
use rdkafka::{
    ClientContext, Statistics,
    config::FromClientConfigAndContext as _,
    consumer::{Consumer as _, ConsumerContext, StreamConsumer},
};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::{KafkaLog, KafkaSettings, client, watermarks};
use crate::event_log::{AuditTrail as _, EventLog as _, NewEvent};

const AT_ONCE: Duration = Duration::from_millis(250);

fn settings() -> KafkaSettings {
    let brokers = std::env::var("COLLOQUY_TEST_KAFKA")
        .expect("run the tests with `cargo xtask test`, which starts the real parts");
    KafkaSettings {
        topic_prefix: format!("test-{}-", Uuid::new_v4().simple()),
        ..KafkaSettings::new(brokers)
    }
}

async fn log() -> KafkaLog {
    let settings = settings();
    let connecting = async {
        loop {
            // A machine that runs many tests at once makes topics slowly.
            if let Ok(log) = KafkaLog::connect(settings.clone()).await {
                return log;
            }
        }
    };
    timeout(Duration::from_secs(60), connecting).await.unwrap()
}

fn event(room: i64, number: usize) -> NewEvent {
    NewEvent {
        topic: Topic::ChatMessageSent,
        room_id: RoomId(room),
        event_id: format!("{room}:{number}"),
        payload: "{}".into(),
        replayed: false,
        version: None,
        traceparent: None,
    }
}

/// Keeps the newest count of fetches that the client has sent.
#[derive(Clone, Default)]
struct Fetches(Arc<Mutex<i64>>);

impl ClientContext for Fetches {
    fn stats(&self, statistics: Statistics) {
        let sent = |broker: &rdkafka::statistics::Broker| broker.req.get("Fetch").copied();
        let all = statistics.brokers.values().filter_map(sent).sum();
        *self.0.lock().unwrap() = all;
    }
}

impl ConsumerContext for Fetches {}

#[tokio::test]
async fn b29_a_reader_that_finds_nothing_asks_twice_a_second() {
    let log = log().await;
    let settings = log.settings.as_ref();
    let fetches = Fetches::default();
    let config = client::reader(settings, "idle")
        .set("statistics.interval.ms", "100")
        .clone();
    let consumer: StreamConsumer<Fetches> =
        StreamConsumer::from_config_and_context(&config, fetches.clone()).unwrap();
    let ends = watermarks::fetch(settings, &Topic::WRITE).unwrap();
    let ends = watermarks::assignment(settings, &ends, |one| one.high).unwrap();
    consumer.assign(&ends).unwrap();
    let nothing = timeout(Duration::from_secs(4), consumer.stream().next()).await;
    assert!(nothing.is_err(), "{nothing:?}");
    let sent = *fetches.0.lock().unwrap();
    assert!((1..=16).contains(&sent), "{sent} fetches in 4 s");
}

/// The quickest of ten, because a machine that runs many tests at once is slow now and then.
#[tokio::test]
async fn b29_a_record_ends_the_wait_of_the_fetch_that_is_under_way() {
    let log = log().await;
    let mut tail = log.tail(&[Topic::ChatMessageSent]).await.unwrap();
    let mut quickest = Duration::MAX;
    for number in 0..10 {
        let begun = Instant::now();
        log.append(&[event(1, number)]).await.unwrap();
        let read = timeout(Duration::from_secs(10), tail.next(1)).await;
        assert_eq!(read.unwrap().unwrap()[0].event_id, format!("1:{number}"));
        quickest = quickest.min(begun.elapsed());
    }
    assert!(quickest < AT_ONCE, "{quickest:?}");
}

/// A broker answers in the order of the questions of a connection: on the one that the trail fetches on, each partition's
/// end would come only after a fetch.
#[tokio::test]
async fn b29_the_end_of_a_trail_does_not_wait_for_its_fetches() {
    let log = log().await;
    log.append(&[event(1, 0)]).await.unwrap();
    let mut trail = log.read_from_beginning().await.unwrap();
    while !trail.next(10).await.unwrap().is_empty() {}
    let mut quickest = Duration::MAX;
    for _ in 0..3 {
        let begun = Instant::now();
        trail.note_end().await.unwrap();
        quickest = quickest.min(begun.elapsed());
    }
    assert!(quickest < Duration::from_secs(2), "{quickest:?}");
}
