//! The producer against a broker that goes away, is slow, or refuses: librdkafka's mock, which each test controls.

use std::{sync::Arc, time::Duration};

use colloquy_chassis::backoff::Backoff;
use colloquy_contracts::{RoomId, Topic};
use rdkafka::{
    Offset, TopicPartitionList,
    config::FromClientConfigAndContext as _,
    consumer::{Consumer as _, StreamConsumer},
    metadata::MetadataTopic,
    mocking::MockCluster,
    producer::{DefaultProducerContext, Producer as _},
    types::{RDKafkaApiKey, RDKafkaRespErr},
};
use tokio::time::{Instant, timeout};

use super::{
    client::{self, Reporter},
    fetch::Fetcher,
    partition,
    producer::Producer,
    settings::KafkaSettings,
};
use crate::event_log::{EventLogError, NewEvent, Record};

const BROKER: i32 = 1;
const TOPIC: Topic = Topic::ChatMessageSent;

struct Kafka {
    mock: MockCluster<'static, DefaultProducerContext>,
    settings: KafkaSettings,
    producer: Producer,
}

impl Kafka {
    fn start() -> Self {
        Self::with_partitions(1)
    }

    /// Each of the first two partitions is at a broker of its own.
    fn with_partitions(partitions: i32) -> Self {
        let brokers = partitions.min(2);
        let mock = MockCluster::new(brokers).unwrap();
        mock.create_topic(TOPIC.name(), partitions, 1).unwrap();
        for partition in 0..partitions {
            let leader = Some(BROKER + partition % brokers);
            mock.partition_leader(TOPIC.name(), partition, leader)
                .unwrap();
        }
        let settings = KafkaSettings {
            partitions,
            ..KafkaSettings::new(mock.bootstrap_servers())
        };
        let producer = Producer::new(&settings).unwrap();
        Self {
            mock,
            settings,
            producer,
        }
    }

    /// Appends until everything is durable, as a relay does.
    async fn append(&self, numbers: std::ops::Range<i64>) {
        self.append_all(&events(numbers)).await;
    }

    async fn append_all(&self, events: &[NewEvent]) {
        let appending = async {
            let mut backoff = Backoff::default();
            while self.producer.append(events).await.ok() != Some(vec![true; events.len()]) {
                backoff.wait().await;
            }
        };
        timeout(Duration::from_secs(60), appending).await.unwrap();
    }

    /// Fails to append, in bounded time.
    async fn fail(&self, numbers: std::ops::Range<i64>) {
        self.fail_all(&events(numbers)).await;
    }

    async fn fail_of(&self, rooms: impl Iterator<Item = RoomId>) {
        self.fail_all(&events_of(rooms, 1)).await;
    }

    async fn fail_all(&self, events: &[NewEvent]) {
        let started = Instant::now();
        let outcome = self.producer.append(events).await;
        assert!(
            matches!(outcome, Err(EventLogError::Unavailable(_))),
            "{outcome:?}"
        );
        assert!(started.elapsed() < Duration::from_secs(5));
    }

    /// How much the producer holds.
    fn held(&self) -> i32 {
        self.producer.lock().producer().in_flight_count()
    }

    /// A reader of the topic from its beginning.
    fn reader(&self) -> Fetcher {
        let consumer: StreamConsumer<Reporter> = StreamConsumer::from_config_and_context(
            &client::reader(&self.settings, "group"),
            Reporter::default(),
        )
        .unwrap();
        let mut start = TopicPartitionList::new();
        for partition in 0..self.settings.partitions {
            start
                .add_partition_offset(TOPIC.name(), partition, Offset::Offset(0))
                .unwrap();
        }
        consumer.assign(&start).unwrap();
        Fetcher::new(Arc::new(self.settings.clone()), consumer)
    }

    /// So many records of the topic, from its beginning.
    async fn records(&self, count: usize) -> Vec<Record> {
        let mut fetcher = self.reader();
        let mut records = Vec::new();
        while records.len() < count {
            let read = timeout(Duration::from_secs(30), fetcher.next(100)).await;
            records.extend(read.unwrap().unwrap());
        }
        records
    }

    /// The ids of everything that is on the topic, which has one partition, when this is called.
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
            traceparent: None,
        })
        .collect()
}

/// The partition at [`BROKER`], of two.
const STUCK: i32 = 0;

/// Rooms that are in this one of two partitions.
fn rooms(partition: i32) -> impl Iterator<Item = RoomId> {
    let is_there = move |room: &RoomId| partition::of(*room, 2) == partition;
    (1..).map(RoomId).filter(is_there)
}

/// An event of each of these rooms.
fn events_of(rooms: impl Iterator<Item = RoomId>, number: i64) -> Vec<NewEvent> {
    let event = |room_id| NewEvent {
        room_id,
        event_id: format!("{room_id}:{number}"),
        ..events(0..1).remove(0)
    };
    rooms.map(event).collect()
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
async fn f10_a_broker_slower_than_our_timeout_gets_nothing_twice() {
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
async fn f11_a_producer_whose_topics_are_gone_makes_none_by_the_settings_of_the_broker() {
    // This broker creates a topic for any client that allows it, as brokers do by default.
    let kafka = Kafka::start();
    let missing = |number| NewEvent {
        topic: Topic::ReadMarkerUpdated,
        ..events(number..number + 1).remove(0)
    };
    kafka.fail_all(&[missing(0)]).await;
    kafka.fail_all(&[missing(1)]).await;
    let producer = kafka.producer.lock().producer().clone();
    let known = producer
        .client()
        .fetch_metadata(None, Duration::from_secs(5))
        .unwrap();
    let topics = known.topics().iter();
    let names: Vec<_> = topics.map(MetadataTopic::name).collect();
    assert_eq!(names, [TOPIC.name()]);
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

#[tokio::test]
async fn decision_6_a_room_is_in_the_partition_that_it_is_believed_to_be_in() {
    let kafka = Kafka::with_partitions(6);
    let events = events_of((1..=200).map(RoomId), 1);
    kafka.append_all(&events).await;
    for record in kafka.records(events.len()).await {
        let room = RoomId(record.key.parse().unwrap());
        assert_eq!(record.partition, partition::of(room, 6), "room {room}");
    }
}

#[tokio::test]
async fn decision_6_a_partition_that_takes_nothing_keeps_no_answer_about_the_others() {
    let kafka = Kafka::with_partitions(2);
    let both = || rooms(STUCK).take(10).chain(rooms(1).take(10));
    kafka.append_all(&events_of(both(), 1)).await;
    kafka.mock.broker_down(BROKER).unwrap();

    let expected = [vec![false; 10], vec![true; 10]].concat();
    for number in 2..5 {
        let started = Instant::now();
        let durable = kafka.producer.append(&events_of(both(), number)).await;
        assert_eq!(durable.unwrap(), expected);
        assert!(started.elapsed() < Duration::from_secs(3));
    }
    let started = Instant::now();
    let of_stuck = events_of(rooms(STUCK).take(500), 9);
    assert!(kafka.producer.append(&of_stuck).await.is_err());
    assert!(started.elapsed() < Duration::from_secs(1), "they are known");

    kafka.mock.broker_up(BROKER).unwrap();
    for number in 2..5 {
        kafka
            .append_all(&events_of(rooms(STUCK).take(10), number))
            .await;
    }
    let records = kafka.records(4 * 20).await;
    for room in both() {
        let of_room = records.iter().filter(|one| one.key == room.to_string());
        let ids: Vec<_> = of_room.map(|one| one.event_id.clone()).collect();
        assert_eq!(ids, [1, 2, 3, 4].map(|number| format!("{room}:{number}")));
    }
}

#[tokio::test]
async fn decision_6_a_partition_that_takes_nothing_does_not_fill_the_queue_of_all() {
    let kafka = Kafka::with_partitions(2);
    kafka.mock.broker_down(BROKER).unwrap();
    kafka.fail_of(rooms(STUCK).take(100)).await;
    for some in 1..=10 {
        kafka.fail_of(rooms(STUCK).skip(some * 100).take(100)).await;
    }
    let held = kafka.held();
    assert!((100..200).contains(&held), "{held}");
    kafka.append_all(&events_of(rooms(1).take(100), 1)).await;
}
