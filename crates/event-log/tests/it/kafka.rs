use std::{collections::HashMap, time::Duration};

use colloquy_contracts::{RoomId, Topic};
use colloquy_event_log::{
    AuditTrail, EventLog, EventLogError, GroupProgress, GroupReader, KafkaLog, KafkaSettings,
    NewEvent, Record, event_log::conformance::Fixture,
};
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, ResourceSpecifier},
    client::DefaultClientContext,
    mocking::MockCluster,
    producer::DefaultProducerContext,
};
use tokio::{
    task::JoinSet,
    time::{Instant, timeout},
};
use uuid::Uuid;

colloquy_event_log::conformance!(Topics);

/// Topics with a prefix of their own.
struct Topics(KafkaSettings);

impl Topics {
    async fn log(&self) -> KafkaLog {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            match KafkaLog::connect(self.0.clone()).await {
                Ok(log) => return log,
                // A machine that runs many tests at once makes topics slowly.
                Err(EventLogError::Unavailable(_)) if Instant::now() < deadline => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
}

impl Topics {
    fn admin(&self) -> AdminClient<DefaultClientContext> {
        ClientConfig::new()
            .set("bootstrap.servers", &self.0.brokers)
            .create()
            .unwrap()
    }

    /// How long a topic keeps its records, as Kafka says.
    async fn retention_ms(&self, topic: Topic) -> String {
        let name = format!("{}{topic}", self.0.topic_prefix);
        let asked = [ResourceSpecifier::Topic(&name)];
        let admin = self.admin();
        let described = admin.describe_configs(&asked, &AdminOptions::new()).await;
        let config = described.unwrap().remove(0).unwrap();
        config.get("retention.ms").unwrap().value.clone().unwrap()
    }

    /// Deletes all topics and makes them again.
    async fn wipe(&self) {
        let admin = self.admin();
        let names = Topic::ALL.map(|topic| format!("{}{topic}", self.0.topic_prefix));
        let names = names.each_ref().map(String::as_str);
        admin
            .delete_topics(&names, &AdminOptions::new())
            .await
            .unwrap();
        self.log().await;
    }
}

impl Fixture for Topics {
    async fn fresh() -> Self {
        let brokers = std::env::var("COLLOQUY_TEST_KAFKA")
            .expect("run the tests with `cargo xtask test`, which starts the real parts");
        Self(KafkaSettings {
            partitions: 2,
            topic_prefix: format!("test-{}-", Uuid::new_v4().simple()),
            ..KafkaSettings::new(brokers)
        })
    }

    async fn open(&self) -> Box<dyn EventLog> {
        Box::new(self.log().await)
    }

    async fn open_trail(&self) -> Box<dyn AuditTrail> {
        Box::new(self.log().await)
    }

    async fn open_progress(&self) -> Box<dyn GroupProgress> {
        Box::new(self.log().await)
    }
}

fn events(numbers: std::ops::Range<i64>) -> Vec<NewEvent> {
    numbers
        .flat_map(|number| Topic::WRITE.map(|topic| (topic, number)))
        .map(|(topic, number)| NewEvent {
            topic,
            room_id: RoomId(number),
            event_id: format!("{topic}:{number}"),
            payload: "{}".into(),
            replayed: false,
            version: None,
            traceparent: None,
        })
        .collect()
}

#[tokio::test]
async fn decision_15_topics_are_made_to_keep_what_the_settings_say() {
    let mut topics = Topics::fresh().await;
    topics.log().await;
    for (kept, of) in [
        ("-1", Topic::WRITE.as_slice()),
        ("86400000", &Topic::ANNOUNCED),
    ] {
        for topic in of {
            assert_eq!(topics.retention_ms(*topic).await, kept, "{topic}");
        }
    }
    let set = KafkaSettings {
        write_retention_ms: 123_000,
        announced_retention_ms: -1,
        ..Topics::fresh().await.0
    };
    topics.0 = set;
    topics.log().await;
    for (kept, of) in [
        ("123000", Topic::WRITE.as_slice()),
        ("-1", &Topic::ANNOUNCED),
    ] {
        for topic in of {
            assert_eq!(topics.retention_ms(*topic).await, kept, "{topic}");
        }
    }
}

/// A broker that makes no topics: librdkafka's mock does not know how to.
fn broker_with(topics: &[&str]) -> (MockCluster<'static, DefaultProducerContext>, KafkaSettings) {
    let mock = MockCluster::new(1).unwrap();
    for topic in topics {
        let partitions = if topic.starts_with("colloquy") { 1 } else { 6 };
        mock.create_topic(topic, partitions, 1).unwrap();
    }
    let settings = KafkaSettings::new(mock.bootstrap_servers());
    (mock, settings)
}

#[tokio::test]
async fn p5_topics_that_were_made_beforehand_are_used_where_none_may_be_made() {
    let names = Topic::ALL.map(Topic::name);
    let (_mock, settings) = broker_with(&[&names[..], &["colloquy-warm-up"]].concat());
    let log = KafkaLog::connect(settings).await.unwrap();
    let events = events(0..3);
    let durable = log.append(&events).await.unwrap();
    assert_eq!(durable, vec![true; events.len()]);
}

#[tokio::test]
async fn p5_a_topic_that_cannot_be_made_is_waited_for_by_its_name() {
    let (_mock, settings) = broker_with(&Topic::ALL.map(Topic::name));
    let Err(EventLogError::Unavailable(reason)) = KafkaLog::connect(settings).await else {
        panic!("the topic for warming up is missing");
    };
    assert!(reason.contains("colloquy-warm-up"), "{reason}");
    let others = Topic::ALL.iter().any(|topic| reason.contains(topic.name()));
    assert!(!others, "{reason}");
}

#[tokio::test]
async fn decision_7_write_topics_with_other_numbers_of_partitions_are_refused() {
    let topics = Topics::fresh().await;
    topics.log().await;
    let other = KafkaSettings {
        partitions: 3,
        ..topics.0
    };
    let refused = KafkaLog::connect(other).await.err();
    assert!(
        matches!(refused, Some(EventLogError::Misconfigured(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn decision_7_two_members_share_the_rooms_and_each_reads_all_topics_of_its_own() {
    let topics = Topics::fresh().await;
    let log = topics.log().await;
    let mut members = [
        log.join("group").await.unwrap(),
        log.join("group").await.unwrap(),
    ];
    let deadline = Instant::now() + Duration::from_secs(60);
    for round in 0.. {
        assert!(
            Instant::now() < deadline,
            "the members never share the rooms with all topics of each"
        );
        log.append(&events(round * 20..round * 20 + 20))
            .await
            .unwrap();
        let [one, other] = &mut members;
        let (one, other) = tokio::join!(drain(one.as_mut()), drain(other.as_mut()));
        let (one, other) = (partitions(&one), partitions(&other));
        // A round may fall into the moment in which the partitions are shared out, or end
        // before a slow fetch: the next one then shows it.
        if let ([(one, 3)], [(other, 3)]) = (&one[..], &other[..])
            && one != other
        {
            return;
        }
    }
}

/// One member more than there are partitions meets the others as well, and has none.
#[tokio::test]
async fn b27_every_member_knows_when_its_group_has_met_a_surplus_one_too() {
    let log = Topics::fresh().await.log().await;
    let mut members = Vec::new();
    let mut reading = JoinSet::new();
    for _ in 0..3 {
        let mut member = log.join("group").await.unwrap();
        members.push(member.assigned());
        reading.spawn(async move {
            loop {
                member.next(1).await.unwrap();
            }
        });
    }
    let all = futures_util::future::join_all(members);
    timeout(Duration::from_secs(60), all).await.unwrap();
}

/// Everything that comes within a pause of half a second.
async fn drain(member: &mut dyn GroupReader) -> Vec<Record> {
    let mut records = Vec::new();
    while let Ok(read) = timeout(Duration::from_millis(500), member.next(1_000)).await {
        records.extend(read.unwrap());
    }
    member.commit(&records).await.unwrap();
    records
}

/// Which partitions were read, and of how many topics each.
fn partitions(records: &[Record]) -> Vec<(i32, usize)> {
    let mut topics = HashMap::<i32, Vec<Topic>>::new();
    for record in records {
        let of_partition = topics.entry(record.partition).or_default();
        if !of_partition.contains(&record.topic) {
            of_partition.push(record.topic);
        }
    }
    topics
        .into_iter()
        .map(|(partition, topics)| (partition, topics.len()))
        .collect()
}

#[tokio::test]
async fn a_member_that_lost_its_partitions_does_not_move_the_position_of_their_new_owner() {
    let topics = Topics::fresh().await;
    let log = topics.log().await;
    let mut slow = log.join("group").await.unwrap();
    log.append(&events(0..10)).await.unwrap();
    let mut held = Vec::new();
    while held.len() < 30 {
        held.extend(slow.next(100).await.unwrap());
    }
    let mut members = vec![log.join("group").await.unwrap()];
    let deadline = Instant::now() + Duration::from_secs(60);
    let taken = loop {
        assert!(Instant::now() < deadline, "the new member gets nothing");
        let (_, taken) = tokio::join!(
            timeout(Duration::from_millis(500), slow.next(100)),
            timeout(Duration::from_millis(500), members[0].next(100))
        );
        if let Ok(taken) = taken {
            break taken.unwrap();
        }
    };
    let lost = taken[0].partition;
    log.append(&events(0..10)).await.unwrap();
    let mut theirs = taken;
    let of_lost = held
        .iter()
        .filter(|record| record.partition == lost)
        .count();
    while theirs.len() < of_lost * 2 {
        theirs.extend(members[0].next(100).await.unwrap());
    }
    members[0].commit(&theirs).await.unwrap();
    slow.commit(&held).await.unwrap();
    drop((slow, members));
    let mut next = log.join("group").await.unwrap();
    log.append(&events(10..20)).await.unwrap();
    let mut again = Vec::new();
    while again
        .iter()
        .filter(|record: &&Record| record.event_id.ends_with(":19"))
        .count()
        < 3
    {
        again.extend(next.next(100).await.unwrap());
    }
    let moved_back = again.iter().any(|record| {
        record.partition == lost
            && theirs
                .iter()
                .any(|done| (done.topic, done.offset) == (record.topic, record.offset))
    });
    assert!(!moved_back, "committed records are read again");
}

#[tokio::test]
async fn decision_16_a_tail_whose_position_is_gone_says_so() {
    let topics = Topics::fresh().await;
    let log = topics.log().await;
    let mut tail = log.tail(&Topic::ALL).await.unwrap();
    let events = events(0..10);
    log.append(&events).await.unwrap();
    // A tail that has read nothing stands at 0, where the new topics begin as well.
    let mut read = 0;
    while read < events.len() {
        read += tail.next(1_000).await.unwrap().len();
    }
    topics.wipe().await;
    let error = timeout(Duration::from_secs(30), async {
        loop {
            match tail.next(1_000).await {
                Ok(_) => {}
                Err(error) => return error,
            }
        }
    });
    assert!(matches!(error.await.unwrap(), EventLogError::OutOfRange));
}

#[tokio::test]
async fn promise_p6_connecting_without_a_broker_is_unavailable_within_five_seconds() {
    let started = Instant::now();
    let refused = KafkaLog::connect(KafkaSettings::new("127.0.0.1:9"))
        .await
        .err();
    assert!(
        matches!(refused, Some(EventLogError::Unavailable(_))),
        "{refused:?}"
    );
    assert!(started.elapsed() < Duration::from_secs(5));
}
