//! Publishing all events once more from the write store (decision 14, F11).

use std::sync::{Arc, atomic::Ordering};

use colloquy_chassis::Lifecycle;
use colloquy_chat_command::{
    domain::{IdempotencyKey, MessageContent, RoomName},
    relay,
    republish::{Republished, postgres::StoredEvents, republish},
    write_store::{
        Command, NewMarker, NewMessage, NewRoom, PostgresWriteStore, Recorded, Submission,
        WriteStore,
    },
};
use colloquy_contracts::{CustomerId, MessageId, RoomId, Timestamp};
use colloquy_event_log::NewEvent;
use uuid::Uuid;

use crate::{databases::Database, log::MemoryLog, relay::is_empty};

const MEMBERS: [CustomerId; 2] = [CustomerId(1), CustomerId(2)];
const MILLIS: i64 = 1_700_000_000_789;

async fn record(store: &PostgresWriteStore, at: i64, commands: Vec<Command>) -> Vec<Recorded> {
    let submitted = |command| Submission {
        command,
        key: IdempotencyKey::parse(Uuid::new_v4().to_string().as_bytes()).ok(),
        at: Timestamp::from_millis(MILLIS + at),
        trace: None,
    };
    let batch: Vec<_> = commands.into_iter().map(submitted).collect();
    let answers = store.record(&batch).await.unwrap().into_iter();
    answers.map(|answer| answer.unwrap().recorded).collect()
}

async fn new_room(store: &PostgresWriteStore, number: i64) -> RoomId {
    let room = Command::CreateRoom(NewRoom {
        name: RoomName::parse(format!("Phòng {number}")).unwrap(),
        created_by: MEMBERS[0],
        members: MEMBERS.map(|id| (id, format!("Vũ {id}"))).into(),
    });
    match record(store, number, vec![room]).await.remove(0) {
        Recorded::Room { room_id } => room_id,
        other => panic!("a room, not {other:?}"),
    }
}

async fn send(store: &PostgresWriteStore, room_id: RoomId, count: i64) -> Vec<MessageId> {
    let messages = (0..count).map(|number| {
        Command::SendMessage(NewMessage {
            room_id,
            sender_id: MEMBERS[usize::try_from(number % 2).unwrap()],
            sender_full_name: format!("Vũ {number}"),
            content: MessageContent::parse(format!("\"{number}\" 👋"), 100).unwrap(),
        })
    });
    let recorded = record(store, count, messages.collect()).await.into_iter();
    recorded
        .map(|one| match one {
            Recorded::Message { message_id, .. } => message_id,
            other => panic!("a message, not {other:?}"),
        })
        .collect()
}

async fn mark(store: &PostgresWriteStore, room_id: RoomId, message_id: MessageId) {
    let marker = Command::MarkRead(NewMarker {
        room_id,
        customer_id: MEMBERS[1],
        message_id,
    });
    record(store, 0, vec![marker]).await;
}

fn by_id(mut events: Vec<NewEvent>) -> Vec<NewEvent> {
    events.sort_by(|one, other| one.event_id.cmp(&other.event_id));
    events
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f11_what_is_republished_is_word_for_word_what_was_published_but_for_the_mark() {
    let database = Database::fresh().await;
    let (store, outbox) = database.instance();
    let announced = Arc::new(MemoryLog::default());
    let life = Lifecycle::default();
    let log = Arc::clone(&announced);
    relay::start(
        Arc::new(outbox.clone()),
        log,
        std::future::pending(),
        &life.tasks(),
    );
    for number in 1..=120 {
        let room = new_room(&store, number).await;
        if number <= 3 {
            let sent = send(&store, room, 400).await;
            mark(&store, room, sent[7]).await;
        }
    }
    is_empty(&outbox).await;
    let announced = announced.events();
    assert_eq!(announced.len(), 120 + 3 * 400 + 3);

    let again = MemoryLog::default();
    again.refuse_every.store(7, Ordering::SeqCst);
    let written = StoredEvents::new(database.pool.clone());
    let republished = republish(&written, &again).await.unwrap();
    let expected = Republished {
        rooms: 120,
        messages: 1200,
        markers: 3,
    };
    assert_eq!(republished, expected);
    let again = again.events();
    let of_room = |events: &[NewEvent], room| {
        let of_room = events.iter().filter(|event| event.room_id == room);
        of_room
            .map(|event| event.event_id.clone())
            .collect::<Vec<_>>()
    };
    for room in (1..=3).map(RoomId) {
        assert_eq!(of_room(&again, room), of_room(&announced, room), "in order");
    }
    let marked = announced.into_iter().map(|event| NewEvent {
        replayed: true,
        ..event
    });
    assert!(by_id(again) == by_id(marked.collect()));
}

#[tokio::test]
async fn f11_a_marker_is_republished_where_it_is_now() {
    let database = Database::fresh().await;
    let (store, _) = database.instance();
    let room = new_room(&store, 1).await;
    let sent = send(&store, room, 3).await;
    mark(&store, room, sent[0]).await;
    mark(&store, room, sent[2]).await;
    let again = MemoryLog::default();
    republish(&StoredEvents::new(database.pool.clone()), &again)
        .await
        .unwrap();
    let markers: Vec<_> = again
        .event_ids()
        .into_iter()
        .filter(|id| id.starts_with("marker"))
        .collect();
    assert_eq!(markers, [format!("marker:{room}:2:{}", sent[2])]);
}
