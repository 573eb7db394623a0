//! The producer against a broker that goes away, is slow, or refuses: librdkafka's mock, which does as it is told.

use std::{sync::Arc, time::Duration};

use colloquy_contracts::{RoomId, Topic};
use rdkafka::{
    Offset, TopicPartitionList,
    config::FromClientConfigAndContext as _,
    consumer::{Consumer as _, StreamConsumer},
    mocking::MockCluster,
    producer::DefaultProducerContext,
    types::{RDKafkaApiKey, RDKafkaRespErr},
};
use tokio::time::{Instant, timeout};

use super::{
    client::{self, Reporter},
    fetch::Fetcher,
    producer::Producer,
    settings::KafkaSettings,
};
use crate::event_log::{EventLogError, NewEvent};

const BROKER: i32 = 1;
const TOPIC: Topic = Topic::ChatMessageSent;

struct Kafka {
    mock: MockCluster<'static, DefaultProducerContext>,
    settings: KafkaSettings,
    producer: Producer,
}

impl Kafka {
    fn start() -> Self {
        let mock = MockCluster::new(1).unwrap();
        mock.create_topic(TOPIC.name(), 1, 1).unwrap();
        let settings = KafkaSettings::new(mock.bootstrap_servers());
        let producer = Producer::new(&settings).unwrap();
        Self {
            mock,
            settings,
            producer,
        }
    }

    /// Appends until everything is durable, as a relay does.
    async fn append(&self, numbers: std::ops::Range<i64>) {
        let appending = async {
            while self.producer.append(&events(numbers.clone())).await.ok()
                != Some(vec![true; events(numbers.clone()).len()])
            {}
        };
        timeout(Duration::from_secs(60), appending).await.unwrap();
    }

    /// Fails to append, in bounded time.
    async fn fail(&self, numbers: std::ops::Range<i64>) {
        let started = Instant::now();
        let outcome = self.producer.append(&events(numbers)).await;
        assert!(
            matches!(outcome, Err(EventLogError::Unavailable(_))),
            "{outcome:?}"
        );
        assert!(started.elapsed() < Duration::from_secs(5));
    }

    /// A reader of the topic from its beginning.
    fn reader(&self) -> Fetcher {
        let consumer: StreamConsumer<Reporter> = StreamConsumer::from_config_and_context(
            &client::reader(&self.settings, "group"),
            Reporter,
        )
        .unwrap();
        let mut start = TopicPartitionList::new();
        start
            .add_partition_offset(TOPIC.name(), 0, Offset::Offset(0))
            .unwrap();
        consumer.assign(&start).unwrap();
        Fetcher::new(Arc::new(self.settings.clone()), consumer)
    }

    /// The ids of everything that is on the topic when this is called.
    async fn ids(&self) -> Vec<String> {
        let end = [NewEvent {
            event_id: "end".to_owned(),
            ..events(0..1).remove(0)
        }];
        assert_eq!(self.producer.append(&end).await.unwrap(), [true]);
        let mut fetcher = self.reader();
        let mut ids = Vec::new();
        while ids.last().is_none_or(|id| id != "end") {
            let read = timeout(Duration::from_secs(30), fetcher.next(100)).await;
            let records = read.unwrap().unwrap();
            ids.extend(records.into_iter().map(|record| record.event_id));
        }
        ids.pop();
        ids
    }
}

fn events(numbers: std::ops::Range<i64>) -> Vec<NewEvent> {
    numbers
        .map(|number| NewEvent {
            topic: TOPIC,
            room_id: RoomId(1),
            event_id: number.to_string(),
            payload: "{}".into(),
            replayed: false,
            version: None,
        })
        .collect()
}

fn numbered(numbers: std::ops::Range<i64>) -> Vec<String> {
    numbers.map(|number| number.to_string()).collect()
}

#[tokio::test]
async fn f09_what_an_outage_held_up_is_on_the_topic_once_and_in_order() {
    let kafka = Kafka::start();
    kafka.append(0..5).await;
    kafka.mock.broker_down(BROKER).unwrap();
    kafka.fail(5..10).await;
    kafka.fail(5..15).await;
    kafka.mock.broker_up(BROKER).unwrap();
    kafka.append(5..15).await;
    assert_eq!(kafka.ids().await, numbered(0..15));
}

#[tokio::test]
async fn f09_a_reader_reads_on_after_an_outage_and_not_about_it() {
    let kafka = Kafka::start();
    let mut reader = kafka.reader();
    kafka.append(0..1).await;
    reader.next(100).await.unwrap();
    kafka.mock.broker_down(BROKER).unwrap();
    kafka.fail(1..2).await;
    kafka.mock.broker_up(BROKER).unwrap();
    kafka.append(1..2).await;
    let read = timeout(Duration::from_secs(10), reader.next(100))
        .await
        .unwrap();
    assert_eq!(read.unwrap()[0].event_id, "1");
}

#[tokio::test]
async fn f10_a_broker_slower_than_our_patience_gets_nothing_twice() {
    let kafka = Kafka::start();
    kafka.append(0..5).await;
    let rtt = Duration::from_millis(4_500);
    kafka.mock.broker_round_trip_time(BROKER, rtt).unwrap();
    kafka.fail(5..10).await;
    kafka.append(5..10).await;
    kafka
        .mock
        .broker_round_trip_time(BROKER, Duration::ZERO)
        .unwrap();
    assert_eq!(kafka.ids().await, numbered(0..10));
}

#[tokio::test]
async fn decision_6_a_producer_that_was_refused_is_made_anew_and_keeps_the_order() {
    let kafka = Kafka::start();
    kafka.append(0..5).await;
    let refusal = RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_RECORD;
    kafka
        .mock
        .request_errors(RDKafkaApiKey::Produce, &[refusal]);
    kafka.fail(5..10).await;
    kafka.append(5..15).await;
    assert_eq!(kafka.ids().await, numbered(0..15));
}

#[tokio::test]
async fn an_event_too_large_for_any_broker_holds_up_its_own_room_only() {
    let kafka = Kafka::start();
    let mut events = events(0..4);
    events[1].payload = vec![b'x'; 2_000_000].into();
    events[3].room_id = RoomId(2);
    let durable = kafka.producer.append(&events).await.unwrap();
    assert_eq!(durable, [true, false, false, true]);
    assert_eq!(kafka.ids().await, ["0", "3"]);
}
