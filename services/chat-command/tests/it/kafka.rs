//! The relay and real topics of Kafka.

use std::{collections::BTreeSet, future::pending, sync::Arc, time::Duration};

use colloquy_chassis::Lifecycle;
use colloquy_chat_command::{
    relay,
    republish::{postgres::StoredEvents, republish},
};
use colloquy_contracts::Topic;
use colloquy_event_log::{AuditTrail as _, EventLogError, KafkaLog, KafkaSettings};
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions},
    client::DefaultClientContext,
};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::{
    databases::Database,
    relay::{is_empty, new_room, send},
};

/// What only a defect exceeds, on a machine that runs many tests at once.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Topics of one test alone.
pub fn settings(partitions: i32) -> KafkaSettings {
    let brokers = std::env::var("COLLOQUY_TEST_KAFKA")
        .expect("run the tests with `cargo xtask test`, which starts the real parts");
    KafkaSettings {
        partitions,
        topic_prefix: format!("test-{}-", Uuid::new_v4().simple()),
        ..KafkaSettings::new(brokers)
    }
}

/// As a process that starts, and makes the topics that are missing.
pub async fn connect(settings: &KafkaSettings) -> KafkaLog {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        match KafkaLog::connect(settings.clone()).await {
            Ok(log) => return log,
            Err(EventLogError::Unavailable(_)) if Instant::now() < deadline => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// Deletes all topics, and answers when they are gone.
async fn wipe(settings: &KafkaSettings) {
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
        .set("bootstrap.servers", &settings.brokers)
        .create()
        .unwrap();
    let names = Topic::ALL.map(|topic| format!("{}{topic}", settings.topic_prefix));
    let names = names.each_ref().map(String::as_str);
    let deleted = admin.delete_topics(&names, &AdminOptions::new()).await;
    assert!(deleted.unwrap().iter().all(Result::is_ok));
    let deadline = Instant::now() + TIMEOUT;
    while admin
        .inner()
        .fetch_metadata(None, TIMEOUT)
        .unwrap()
        .topics()
        .iter()
        .any(|topic| names.contains(&topic.name()))
    {
        assert!(Instant::now() < deadline, "the topics go");
    }
}

/// The ids of all events in the write topics: of those published as they happened, and of those republished.
async fn announced(log: &KafkaLog) -> [BTreeSet<String>; 2] {
    let mut announced = [BTreeSet::new(), BTreeSet::new()];
    let mut trail = log.read_from_beginning().await.unwrap();
    loop {
        let records = timeout(TIMEOUT, trail.next(1_000)).await;
        let records = records.expect("the topics end").unwrap();
        if records.is_empty() {
            return announced;
        }
        for record in records {
            announced[usize::from(record.replayed)].insert(record.event_id);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f11_topics_that_are_wiped_under_a_running_relay_and_made_again_hold_everything() {
    let database = Database::fresh().await;
    let (store, outbox) = database.instance();
    let settings = settings(2);
    let log = Arc::new(connect(&settings).await);
    let life = Lifecycle::default();
    relay::start(Arc::new(outbox.clone()), log, pending(), &life.tasks());
    let room = new_room(&store).await;
    let mut before = BTreeSet::from([format!("room:{room}")]);
    before.extend(send(&store, room, 10).await);
    is_empty(&outbox).await;

    wipe(&settings).await;
    let mut after: BTreeSet<_> = send(&store, room, 10).await.into_iter().collect();
    // Long enough for the relay to ask for topics that are not there, which must not bring them back.
    let waits = timeout(Duration::from_secs(5), is_empty(&outbox)).await;
    assert!(waits.is_err(), "there is no topic to publish to");

    let again = connect(&settings).await;
    republish(&StoredEvents::new(database.pool.clone()), &again)
        .await
        .unwrap();
    after.extend(send(&store, room, 10).await);
    timeout(TIMEOUT, is_empty(&outbox)).await.unwrap();
    let [as_it_happened, republished] = announced(&again).await;
    assert_eq!(as_it_happened, after);
    assert!(republished.is_superset(&before));
}
