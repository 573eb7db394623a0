//! Topics are gone, and everything comes back from PostgreSQL (reliability.md F11).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{future::pending, sync::Arc};

use colloquy_chassis::{Lifecycle, SystemClock};
use colloquy_chat_command::{
    domain::{MessageContent, RoomName},
    outbox::{Outbox as _, PostgresOutbox},
    relay,
    republish::{Republished, postgres::StoredEvents, republish},
    write_store::{
        Command, NewMarker, NewMessage, NewRoom, PostgresWriteStore, Recorded, Submission,
        WriteStore as _, postgres::migrate,
    },
};
use colloquy_chat_query::{
    MongoViewStore, ViewStore as _,
    rebuild::{RebuildError, Rebuilt, WithLess, rebuild},
    view_store::Page,
};
use colloquy_contracts::{CustomerId, MessageId, Timestamp};
use colloquy_event_log::{AuditTrail as _, KafkaLog, KafkaSettings};
use colloquy_sql::{postgres, test_database::postgres_database};
use sqlx::PgPool;
use uuid::Uuid;

const MEMBERS: [CustomerId; 2] = [CustomerId(1), CustomerId(2)];
const ROOMS: i64 = 3;
const MESSAGES: i64 = 30;

fn address(variable: &str) -> String {
    std::env::var(variable)
        .expect("run the tests with `cargo xtask test`, which starts the real parts")
}

/// Topics of our own that hold nothing.
async fn empty_topics() -> KafkaLog {
    KafkaLog::connect(KafkaSettings {
        partitions: 2,
        topic_prefix: format!("republish-{}-", Uuid::new_v4().simple()),
        ..KafkaSettings::new(address("COLLOQUY_TEST_KAFKA"))
    })
    .await
    .unwrap()
}

async fn database() -> PgPool {
    let pool = postgres::pool(&postgres_database().await, 4).unwrap();
    migrate(&pool).await.unwrap();
    pool
}

async fn record(store: &PostgresWriteStore, command: Command) -> Recorded {
    let submission = Submission {
        command,
        key: None,
        at: Timestamp::from_millis(1_700_000_000_789),
        trace: None,
    };
    let answer = store.record(&[submission]).await.unwrap().remove(0);
    answer.unwrap().recorded
}

async fn write(store: &PostgresWriteStore) {
    for _ in 0..ROOMS {
        let room = Command::CreateRoom(NewRoom {
            name: RoomName::parse("Phòng".into()).unwrap(),
            created_by: MEMBERS[0],
            members: MEMBERS.map(|id| (id, "Vũ".to_owned())).into(),
        });
        let Recorded::Room { room_id } = record(store, room).await else {
            panic!("a room");
        };
        let mut last = MessageId(0);
        for number in 0..MESSAGES {
            let message = Command::SendMessage(NewMessage {
                room_id,
                sender_id: MEMBERS[usize::from(number % 3 == 0)],
                sender_full_name: "Vũ".into(),
                content: MessageContent::parse(format!("message {number}"), 100).unwrap(),
            });
            if let Recorded::Message { message_id, .. } = record(store, message).await {
                last = message_id;
            }
        }
        let marker = NewMarker {
            room_id,
            customer_id: MEMBERS[1],
            message_id: last,
        };
        record(store, Command::MarkRead(marker)).await;
    }
}

/// All that members can read, as bytes.
async fn digest(views: &MongoViewStore) -> String {
    let everything = Page {
        before: None,
        after_seq: None,
        limit: 1_000,
    };
    let mut digest = String::new();
    for member in MEMBERS {
        digest.push_str(&format!("{:?}", views.rooms_of(member).await.unwrap()));
    }
    let rooms = views.rooms_of(MEMBERS[0]).await.unwrap();
    assert_eq!(rooms.len(), usize::try_from(ROOMS).unwrap());
    for room in rooms.iter().map(|view| view.room_id) {
        let history = views.history(room, everything).await.unwrap();
        assert_eq!(history.len(), usize::try_from(MESSAGES).unwrap());
        digest.push_str(&format!(
            "{history:?}{:?}",
            views.markers(room).await.unwrap()
        ));
    }
    digest
}

async fn build(views: &MongoViewStore, log: &KafkaLog) -> Result<Rebuilt, RebuildError> {
    rebuild(views, log, &SystemClock, Uuid::new_v4(), WithLess::Refuse).await
}

#[tokio::test(flavor = "multi_thread")]
async fn f11_wiped_kafka_topics_come_back_from_postgres_and_the_mongodb_views_are_equal() {
    let (pool, life) = (database().await, Lifecycle::default());
    let outbox = PostgresOutbox::start(pool.clone(), &life.tasks());
    let store = PostgresWriteStore::new(pool.clone(), outbox.clone());
    let log = empty_topics().await;
    let relayed = Arc::new(log.clone());
    relay::start(Arc::new(outbox.clone()), relayed, pending(), &life.tasks());
    write(&store).await;
    while outbox.backlog().await.unwrap().depth > 0 {
        tokio::task::yield_now().await;
    }
    let database = format!("republish_{}", Uuid::new_v4().simple());
    let views = MongoViewStore::new(&address("COLLOQUY_TEST_MONGO"), &database).await;
    let views = views.unwrap();
    views.prepare().await.unwrap();
    let events = u64::try_from(ROOMS * (1 + MESSAGES + 1)).unwrap();
    let all = Rebuilt { events, parked: 0 };
    assert_eq!(build(&views, &log).await.unwrap(), all);
    let before = digest(&views).await;

    let wiped = empty_topics().await;
    let refusal = build(&views, &wiped).await;
    assert!(
        matches!(refusal, Err(RebuildError::HoldsLess { .. })),
        "{refusal:?}"
    );
    let published = republish(&StoredEvents::new(pool), &wiped).await.unwrap();
    let [rooms, messages] = [ROOMS, ROOMS * MESSAGES].map(|count| u64::try_from(count).unwrap());
    let expected = Republished {
        rooms,
        messages,
        markers: rooms,
    };
    assert_eq!(published, expected);
    assert_eq!(build(&views, &wiped).await.unwrap(), all);
    assert_eq!(digest(&views).await, before);
    let mut trail = wiped.read_from_beginning().await.unwrap();
    loop {
        let records = trail.next(100).await.unwrap();
        if records.is_empty() {
            break;
        }
        assert!(
            records.iter().all(|record| record.replayed),
            "the push side would push it again"
        );
    }
}
