//! What is PostgreSQL's alone.

mod low_watermark;

use std::{sync::Arc, time::Duration};

use colloquy_chat_command::{
    domain::{IdempotencyKey, MessageContent, RoomName},
    outbox::Outbox as _,
    write_store::{
        Command, NewMessage, NewRoom, RecordError, Recorded, Submission, WriteStore,
        postgres::migrate,
    },
};
use colloquy_contracts::{CustomerId, RoomId, Timestamp};
use tokio::time::Instant;
use uuid::Uuid;

use crate::databases::Database;

const SENDER: CustomerId = CustomerId(1);
const MILLIS: i64 = 1_700_000_000_789;

fn submission(command: Command) -> Submission {
    Submission {
        command,
        key: None,
        at: Timestamp::from_millis(MILLIS),
        trace: None,
    }
}

fn message(room_id: RoomId) -> Submission {
    submission(Command::SendMessage(NewMessage {
        room_id,
        sender_id: SENDER,
        sender_full_name: "Sender".into(),
        content: MessageContent::parse("hello".into(), 10).unwrap(),
    }))
}

async fn new_room(store: &dyn WriteStore) -> RoomId {
    let room = submission(Command::CreateRoom(NewRoom {
        name: RoomName::parse("A room".into()).unwrap(),
        created_by: SENDER,
        members: vec![(SENDER, "Sender".into())],
    }));
    match store
        .record(&[room])
        .await
        .unwrap()
        .remove(0)
        .unwrap()
        .recorded
    {
        Recorded::Room { room_id } => room_id,
        other => panic!("a room, not {other:?}"),
    }
}

#[tokio::test]
async fn decision_4_instants_are_kept_to_the_millisecond() {
    let database = Database::fresh().await;
    let (store, _) = database.instance();
    let room = new_room(&store).await;
    store.record(&[message(room)]).await.unwrap()[0]
        .as_ref()
        .unwrap();
    for column in [
        "SELECT created_at FROM rooms",
        "SELECT joined_at FROM room_participants",
        "SELECT sent_at FROM messages",
    ] {
        let exact = format!("SELECT (extract(epoch FROM ({column})) * 1000)::text");
        let millis: String = sqlx::query_scalar(sqlx::AssertSqlSafe(exact))
            .fetch_one(&database.pool)
            .await
            .unwrap();
        assert_eq!(
            millis.parse::<f64>().unwrap(),
            MILLIS as f64,
            "{column}: {millis}"
        );
    }
}

#[tokio::test]
async fn f27_a_room_locked_elsewhere_fails_fast_and_alone() {
    let database = Database::fresh().await;
    let (store, _) = database.instance();
    let (locked, free) = (new_room(&store).await, new_room(&store).await);
    let mut lock = database.pool.begin().await.unwrap();
    sqlx::query("SELECT FROM rooms WHERE room_id = $1 FOR UPDATE")
        .bind(locked.0)
        .execute(&mut *lock)
        .await
        .unwrap();
    let start = Instant::now();
    let batch = store.record(&[message(locked), message(free)]).await;
    assert!(matches!(&batch, Err(RecordError::Rejected(error)) if error.is_transient()));
    assert!(start.elapsed() < Duration::from_secs(3));
    assert!(store.record(&[message(free)]).await.unwrap()[0].is_ok());
    lock.commit().await.unwrap();
    assert!(store.record(&[message(locked)]).await.unwrap()[0].is_ok());
}

#[tokio::test]
async fn promise_p5_a_server_that_only_reads_is_away_and_rejects_no_command() {
    let database = Database::fresh().await;
    let (store, _) = database.instance();
    let room = new_room(&store).await;
    let only_reads = async |only: &str| {
        let set = format!(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = {only}',
                current_database()); END $$"
        );
        let set = sqlx::AssertSqlSafe(format!("SET transaction_read_only = off; {set}"));
        sqlx::raw_sql(set).execute(&database.pool).await.unwrap();
        // Of new connections, that is.
        database.instance().0
    };
    let store = only_reads("on").await;
    let refused = store.record(&[message(room)]).await;
    assert!(matches!(&refused, Err(RecordError::Away(_))), "{refused:?}");
    let store = only_reads("off").await;
    assert!(store.record(&[message(room)]).await.unwrap()[0].is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decision_2_a_concurrent_duplicate_waits_for_the_first() {
    let database = Database::fresh().await;
    let (first, _) = database.instance();
    let (second, _) = database.instance();
    let room = new_room(&first).await;
    let keyed = Submission {
        key: Some(IdempotencyKey::parse(b"k").unwrap()),
        ..message(room)
    };
    // The first one has claimed the key and waits for the room; the second one waits for the key.
    let mut lock = database.pool.begin().await.unwrap();
    sqlx::query("SELECT FROM rooms FOR UPDATE")
        .execute(&mut *lock)
        .await
        .unwrap();
    let (first, second) = (Arc::new(first), Arc::new(second));
    let one = [keyed.clone()];
    let two = [keyed];
    let release = async {
        waiting(&database, 2).await;
        lock.commit().await.unwrap();
    };
    let (one, two, ()) = tokio::join!(first.record(&one), second.record(&two), release);
    let (one, two) = (
        one.unwrap().remove(0).unwrap(),
        two.unwrap().remove(0).unwrap(),
    );
    assert_eq!(one.recorded, two.recorded);
    assert_ne!(one.replayed, two.replayed);
}

/// Waits until so many sessions of the database wait for a lock.
pub async fn waiting(database: &Database, sessions: i64) {
    let all_wait = async {
        loop {
            let waiting: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM pg_stat_activity
                 WHERE datname = current_database() AND wait_event_type = 'Lock'",
            )
            .fetch_one(&database.pool)
            .await
            .unwrap();
            if waiting == sessions {
                return;
            }
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(20), all_wait).await;
    in_time.expect("the sessions wait for their locks");
}

#[tokio::test]
async fn the_tables_can_be_made_by_several_instances_at_once_and_again() {
    let database = Database::fresh().await;
    let (one, two) = tokio::join!(migrate(&database.pool), migrate(&database.pool));
    one.unwrap();
    two.unwrap();
}

#[tokio::test]
async fn a_message_is_in_the_log_when_its_event_has_left_the_outbox() {
    let database = Database::fresh().await;
    let (store, outbox) = database.instance();
    let room = new_room(&store).await;
    store.record(&[message(room)]).await.unwrap()[0]
        .as_ref()
        .unwrap();
    let in_log = async || {
        let recent = store.recent_messages(SENDER, 20).await.unwrap();
        recent.iter().map(|one| one.is_in_log).collect::<Vec<_>>()
    };
    assert_eq!(in_log().await, [false]);
    let lease = outbox.renew_lease(Uuid::new_v4(), Duration::from_secs(30));
    let lease = lease.await.unwrap().unwrap();
    let take = async |published| {
        let taken = outbox.unpublished(lease, published, 10, &[]);
        taken.await.unwrap().unwrap()
    };
    let ids: Vec<_> = take(&[]).await.iter().map(|row| row.id).collect();
    assert_eq!(
        take(&ids[..1]).await.len(),
        1,
        "what is removed is not read"
    );
    assert_eq!(in_log().await, [false], "the first event is the room's");
    take(&ids[1..]).await;
    assert_eq!(in_log().await, [true]);
}
