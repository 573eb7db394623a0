//! The relay between PostgreSQL's outbox and an event log.

mod pausable;

use std::{
    future::pending,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use colloquy_chassis::Lifecycle;
use colloquy_chat_command::{
    domain::{MessageContent, RoomName},
    group_commit::GroupCommit,
    outbox::{COUNTED, Outbox},
    relay,
    write_store::{Command, NewMessage, NewRoom, Recorded, Submission, WriteStore},
};
use colloquy_contracts::{CustomerId, RoomId, Timestamp};
use sqlx::postgres::PgListener;
use tokio::sync::Notify;
use uuid::Uuid;

use self::pausable::Pausable;
use crate::{databases::Database, log::MemoryLog, postgres::waiting};

pub const SENDER: CustomerId = CustomerId(1);
/// Take-over within 5 s while the old relay sleeps (decision 5), and then a publication.
const TAKE_OVER: Duration = Duration::from_secs(5);
/// What only a defect exceeds.
const SOON: Duration = Duration::from_secs(20);

fn submission(command: Command) -> Submission {
    Submission {
        command,
        key: None,
        at: Timestamp::from_millis(1_700_000_000_000),
        trace: None,
    }
}

pub async fn new_room(store: &dyn WriteStore) -> RoomId {
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

pub fn message(room_id: RoomId) -> Submission {
    submission(Command::SendMessage(NewMessage {
        room_id,
        sender_id: SENDER,
        sender_full_name: "Sender".into(),
        content: MessageContent::parse("hello".into(), 10).unwrap(),
    }))
}

/// Sends so many messages in one transaction and answers their event ids.
pub async fn send(store: &dyn WriteStore, room_id: RoomId, count: usize) -> Vec<String> {
    let answers = store.record(&vec![message(room_id); count]).await.unwrap();
    let event_id = |recorded| match recorded {
        Recorded::Message { message_id, .. } => format!("message:{message_id}"),
        other => panic!("a message, not {other:?}"),
    };
    answers
        .into_iter()
        .map(|answer| event_id(answer.unwrap().recorded))
        .collect()
}

pub async fn is_empty(outbox: &dyn Outbox) {
    let emptied = async {
        while outbox.backlog().await.unwrap().depth > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, emptied)
        .await
        .expect("the outbox is emptied");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f05_what_was_committed_before_the_relay_ran_is_published_in_order_and_removed() {
    let database = Database::fresh().await;
    let (store, outbox) = database.instance();
    let room = new_room(&store).await;
    let mut wanted = vec![format!("room:{room}")];
    wanted.extend(send(&store, room, 1200).await);
    let log = Arc::new(MemoryLog::default());
    let life = Lifecycle::default();
    relay::start(
        Arc::new(outbox.clone()),
        log.clone(),
        pending(),
        &life.tasks(),
    );
    log.holds(wanted.len(), TAKE_OVER).await;
    wanted.extend(send(&store, room, 3).await);
    log.holds(wanted.len(), TAKE_OVER).await;
    assert_eq!(log.event_ids(), wanted);
    is_empty(&outbox).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f07_events_flow_on_while_the_active_relay_sleeps_and_stay_in_order() {
    let database = Database::fresh().await;
    let (store, first) = database.instance();
    let (_, second) = database.instance();
    let first = Arc::new(Pausable::new(first));
    let log = Arc::new(MemoryLog::default());
    let life = Lifecycle::default();
    let room = new_room(&store).await;
    let mut wanted = vec![format!("room:{room}")];
    relay::start(first.clone(), log.clone(), pending(), &life.tasks());
    log.holds(1, SOON).await;

    relay::start(
        Arc::new(second.clone()),
        log.clone(),
        pending(),
        &life.tasks(),
    );
    first.pause_with_events_in_hand().await;
    wanted.extend(send(&store, room, 5).await);
    first.holds_events().await;
    wanted.extend(send(&store, room, 5).await);
    log.holds(wanted.len(), TAKE_OVER).await;

    first.resume();
    wanted.extend(send(&store, room, 5).await);
    log.holds(wanted.len(), SOON).await;
    is_empty(&second).await;
    assert_eq!(log.first_of_room(room), wanted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f08_two_transactions_that_commit_in_reverse_of_their_ids_are_both_published() {
    const INSERT: &str = "INSERT INTO outbox (topic, room_id, event_id, payload)
        VALUES ('chat-message-sent', $1, $2, '') RETURNING id";
    let database = Database::fresh().await;
    let (_, outbox) = database.instance();
    let log = Arc::new(MemoryLog::default());
    let life = Lifecycle::default();
    relay::start(Arc::new(outbox), log.clone(), pending(), &life.tasks());

    let mut ids: Vec<i64> = Vec::new();
    let mut slow = database.pool.begin().await.unwrap();
    let mut quick = database.pool.begin().await.unwrap();
    for (transaction, room, event) in [(&mut slow, 1_i64, "slow"), (&mut quick, 2, "quick")] {
        let insert = sqlx::query_scalar(INSERT).bind(room).bind(event);
        ids.push(insert.fetch_one(&mut **transaction).await.unwrap());
    }
    assert!(ids.is_sorted(), "the slow one has the lower id");
    quick.commit().await.unwrap();
    log.holds(1, SOON).await;
    assert_eq!(log.event_ids(), ["quick"]);
    slow.commit().await.unwrap();
    log.holds(2, SOON).await;
    assert_eq!(log.event_ids(), ["quick", "slow"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decision_6_a_room_keeps_its_order_when_some_of_its_events_are_refused() {
    let database = Database::fresh().await;
    let (store, outbox) = database.instance();
    let log = Arc::new(MemoryLog::default());
    log.refuse_every.store(3, Ordering::SeqCst);
    let life = Lifecycle::default();
    let rooms = [new_room(&store).await, new_room(&store).await];
    let mut wanted = rooms.map(|room| vec![format!("room:{room}")]);
    relay::start(
        Arc::new(outbox.clone()),
        log.clone(),
        pending(),
        &life.tasks(),
    );
    for _ in 0..4 {
        for (room, wanted) in rooms.iter().zip(&mut wanted) {
            wanted.extend(send(&store, *room, 5).await);
        }
    }
    log.holds(2 + 2 * 4 * 5, SOON).await;
    is_empty(&outbox).await;
    for (room, wanted) in rooms.iter().zip(wanted) {
        assert_eq!(log.first_of_room(*room), wanted);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f09_events_wait_while_the_log_is_down() {
    let database = Database::fresh().await;
    let (store, outbox) = database.instance();
    let log = Arc::new(MemoryLog::default());
    log.down.store(true, Ordering::SeqCst);
    let life = Lifecycle::default();
    relay::start(
        Arc::new(outbox.clone()),
        log.clone(),
        pending(),
        &life.tasks(),
    );
    let room = new_room(&store).await;
    let mut wanted = vec![format!("room:{room}")];
    wanted.extend(send(&store, room, 10).await);
    assert_eq!(outbox.backlog().await.unwrap().depth, 11);
    log.down.store(false, Ordering::SeqCst);
    log.holds(11, SOON).await;
    is_empty(&outbox).await;
    assert_eq!(log.event_ids(), wanted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_p2_a_stop_leaves_nothing_unpublished_that_the_writer_still_commits() {
    let database = Database::fresh().await;
    let (store, outbox) = database.instance();
    let room = new_room(&store).await;
    let (store, log) = (Arc::new(store), Arc::new(MemoryLog::default()));
    let life = Lifecycle::default();
    let tasks = life.tasks();
    let writer = GroupCommit::start(store, &tasks);
    let ended = writer.clone();
    let ended = async move { ended.ended().await };
    relay::start(Arc::new(outbox.clone()), log.clone(), ended, &tasks);
    log.holds(1, SOON).await;

    // The room is locked, so that the message is committed well after the signal.
    let mut lock = database.pool.begin().await.unwrap();
    sqlx::query("SELECT FROM rooms FOR UPDATE")
        .execute(&mut *lock)
        .await
        .unwrap();
    let signal = Notify::new();
    let submitted = writer.submit(message(room));
    let stopping = life.run_until(|| signal.notified());
    let release = async {
        waiting(&database, 1).await;
        signal.notify_one();
        let relay_ends = tokio::time::timeout(Duration::from_millis(500), lease_is_free(&outbox));
        assert!(relay_ends.await.is_err(), "the relay outlives the writer");
        lock.commit().await.unwrap();
    };
    let (submitted, stopped, ()) = tokio::join!(submitted, stopping, release);
    assert!(submitted.is_ok() && stopped.is_ok());
    assert_eq!(outbox.backlog().await.unwrap().depth, 0);
    assert_eq!(log.first_of_room(room).len(), 2);
    let next = outbox.renew_lease(Uuid::new_v4(), Duration::ZERO).await;
    assert!(next.unwrap().is_some(), "the lease was given up");
}

/// Waits until no relay holds the lease.
async fn lease_is_free(outbox: &dyn Outbox) {
    while outbox
        .renew_lease(Uuid::new_v4(), Duration::ZERO)
        .await
        .unwrap()
        .is_none()
    {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decision_5_a_commit_wakes_the_relays_of_other_instances() {
    let database = Database::fresh().await;
    let (_, listening) = database.instance();
    let (committing, _) = database.instance();
    // The listener connects in its own time, so commits go on until one is heard.
    let heard = tokio::time::timeout(SOON, async {
        loop {
            new_room(&committing).await;
            let heard = tokio::time::timeout(Duration::from_millis(100), listening.notified());
            if heard.await.is_ok() {
                return;
            }
        }
    });
    heard.await.expect("a commit is heard");
}

/// What is heard before a mark of the test's own was sent before it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decision_5_an_instance_whose_relay_publishes_notifies_no_other() {
    const CHANNEL: &str = "chat_command_outbox";
    let database = Database::fresh().await;
    let (store, outbox) = database.instance();
    let mut listener = PgListener::connect_with(&database.pool).await.unwrap();
    listener.listen(CHANNEL).await.unwrap();
    let lease = outbox.renew_lease(Uuid::new_v4(), 3 * SOON).await;
    let lease = lease.unwrap().unwrap();
    for _ in 0..20 {
        outbox.unpublished(lease, &[], 1, &[]).await.unwrap();
        new_room(&store).await;
    }
    sqlx::query("SELECT pg_notify($1, 'mark')")
        .bind(CHANNEL)
        .execute(&database.pool)
        .await
        .unwrap();
    assert_eq!(listener.recv().await.unwrap().payload(), "mark");

    outbox.release_lease(lease).await.unwrap();
    outbox.unpublished(lease, &[], 1, &[]).await.unwrap();
    new_room(&store).await;
    let heard = tokio::time::timeout(SOON, listener.recv()).await;
    assert_eq!(heard.unwrap().unwrap().payload(), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decision_5_one_relay_holds_the_lease_and_every_change_of_hands_has_its_epoch() {
    const LONG: Duration = Duration::from_secs(60);
    let database = Database::fresh().await;
    let (_, outbox) = database.instance();
    let (one, two) = (Uuid::new_v4(), Uuid::new_v4());
    let first = outbox.renew_lease(one, LONG).await.unwrap().unwrap();
    assert_eq!(outbox.renew_lease(one, LONG).await.unwrap(), Some(first));
    assert_eq!(outbox.renew_lease(two, LONG).await.unwrap(), None);
    assert_eq!(
        outbox.unpublished(first, &[], 1, &[]).await.unwrap(),
        Some(vec![])
    );
    outbox.release_lease(first).await.unwrap();
    assert_eq!(outbox.unpublished(first, &[], 1, &[]).await.unwrap(), None);
    let second = outbox.renew_lease(two, LONG).await.unwrap().unwrap();
    assert!(second.epoch > first.epoch);
    assert_eq!(outbox.unpublished(first, &[], 1, &[]).await.unwrap(), None);
    assert_eq!(outbox.renew_lease(one, LONG).await.unwrap(), None);
}

/// The one that held it is gone, and the server's clock was set right since.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b05_a_lease_of_a_clock_that_was_ahead_is_taken_over() {
    let database = Database::fresh().await;
    let (_, outbox) = database.instance();
    let ttl = Duration::from_secs(3);
    let gone = outbox.renew_lease(Uuid::new_v4(), ttl).await.unwrap();
    let gone = gone.unwrap();
    sqlx::query("UPDATE relay_lease SET expires_at = expires_at + interval '1 hour'")
        .execute(&database.pool)
        .await
        .unwrap();
    let next = outbox.renew_lease(Uuid::new_v4(), ttl).await.unwrap();
    assert!(next.unwrap().epoch > gone.epoch);
    assert_eq!(outbox.unpublished(gone, &[], 1, &[]).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f09_what_waits_after_a_long_outage_is_counted_up_to_a_limit_and_its_age_is_known() {
    let database = Database::fresh().await;
    let (_, outbox) = database.instance();
    let insert = async |count: i64, age: &str| {
        sqlx::query(
            "INSERT INTO outbox (topic, room_id, event_id, payload, recorded_at)
             SELECT 'chat-message-sent', 1, n::text, '', now() - $2::interval FROM generate_series(1, $1) AS n",
        )
        .bind(count)
        .bind(age)
        .execute(&database.pool)
        .await
        .unwrap();
    };
    assert_eq!(outbox.backlog().await.unwrap(), Default::default());
    insert(1, "1 hour").await;
    insert(7, "1 minute").await;
    let backlog = outbox.backlog().await.unwrap();
    assert_eq!(backlog.depth, 8);
    assert_eq!(backlog.age.as_secs() / 60, 60);
    insert(COUNTED, "0").await;
    let backlog = outbox.backlog().await.unwrap();
    assert_eq!(backlog.depth, COUNTED);
    assert_eq!(backlog.age.as_secs() / 60, 60);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decision_6_events_of_some_rooms_are_left_out_and_the_others_keep_their_order() {
    let database = Database::fresh().await;
    let (store, outbox) = database.instance();
    let (one, two) = (new_room(&store).await, new_room(&store).await);
    for room in [one, two, one, two] {
        send(&store, room, 2).await;
    }
    let lease = outbox.renew_lease(Uuid::new_v4(), 3 * SOON).await;
    let lease = lease.unwrap().unwrap();
    let take = async |limit, without: &[RoomId]| {
        let taken = outbox
            .unpublished(lease, &[], limit, without)
            .await
            .unwrap();
        let taken = taken.unwrap().into_iter();
        taken
            .map(|row| (row.id, row.event.room_id))
            .collect::<Vec<_>>()
    };
    let all = take(100, &[]).await;
    assert_eq!(all.len(), 10);
    let of_two: Vec<_> = all.iter().copied().filter(|row| row.1 == two).collect();
    assert_eq!(of_two.len(), 5);
    assert_eq!(take(100, &[one]).await, of_two);
    assert_eq!(take(3, &[one, RoomId(0)]).await, of_two[..3]);
    assert_eq!(take(100, &[one, two]).await, []);
}
