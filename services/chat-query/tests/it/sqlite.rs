//! The SQLite view store keeps what every view store promises, and what only it can.

use std::{path::Path, sync::Arc};

use colloquy_chassis::SystemClock;
use colloquy_chat_query::{
    RebuildStore, SqliteViewStore, ViewStore as _,
    parked::ParkedEvent,
    replay_parked::{Replayed, replay},
    view_store::{GroupPosition, Page, Saved, ViewStoreError, ViewWrite, sqlite::damages},
};
use colloquy_contracts::{CustomerId, RoomId, Timestamp, Topic, events::WriteEvent};
use colloquy_event_log::{EmbeddedLog, EventLog, NewEvent, SqliteOutbox};
use colloquy_sql::sqlite::{Durability, SqliteDatabase};
use tempfile::TempDir;

use crate::events;

colloquy_chat_query::conformance!(fresh);

/// The outbox in a file of this folder.
pub async fn outbox(folder: &Path, file: &str) -> SqliteOutbox {
    let path = folder.join(file);
    let database = SqliteDatabase::open(&path, Durability::Rebuildable).await;
    SqliteOutbox::open(database.unwrap()).await.unwrap()
}

async fn fresh() -> (impl AsyncFn() -> Arc<dyn RebuildStore>, Arc<TempDir>) {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let guard = Arc::clone(&folder);
    let reopen = async move || {
        let outbox = outbox(folder.path(), "views.db").await;
        Arc::new(SqliteViewStore::open(outbox).await.unwrap()) as Arc<dyn RebuildStore>
    };
    (reopen, guard)
}

struct Views {
    store: SqliteViewStore,
    log: EmbeddedLog,
    _folder: TempDir,
}

async fn views() -> Views {
    let folder = tempfile::tempdir().unwrap();
    let announced = outbox(folder.path(), "views.db").await;
    Views {
        store: SqliteViewStore::open(announced.clone()).await.unwrap(),
        log: EmbeddedLog::new(outbox(folder.path(), "write.db").await, announced),
        _folder: folder,
    }
}

/// Room 1 as new, from position 7 of the log.
fn write() -> ViewWrite {
    ViewWrite {
        messages: Vec::new(),
        markers: Vec::new(),
        rooms: vec![events::folded(&[events::room_created(1)])],
        parked: Vec::new(),
        announcements: vec![NewEvent {
            topic: Topic::RoomUpdated,
            room_id: RoomId(1),
            event_id: "room-updated:room:1".into(),
            payload: "{}".into(),
            replayed: false,
            version: None,
            traceparent: None,
        }],
        position: Some(GroupPosition {
            group: "group",
            offset: 7,
        }),
    }
}

#[tokio::test]
async fn decision_9_view_announcement_and_position_are_one_transaction() {
    let views = views().await;
    let mut tail = views.log.tail(&Topic::ANNOUNCED).await.unwrap();
    assert_eq!(views.store.save(&write()).await.unwrap(), Saved::Everything);
    assert_eq!(views.log.position("group").await.unwrap(), 7);
    let announced = tail.next(10).await.unwrap();
    assert_eq!(announced.len(), 1);
    assert_eq!(announced[0].event_id, "room-updated:room:1");

    // The same room again, as if it were new: a conflict, which leaves neither announcement nor position.
    let mut refused = write();
    refused.position = Some(GroupPosition {
        group: "group",
        offset: 9,
    });
    let refusal = views.store.save(&refused).await;
    assert!(
        matches!(refusal, Err(ViewStoreError::Conflict)),
        "{refusal:?}"
    );
    assert_eq!(views.log.position("group").await.unwrap(), 7);
    let announced_next = NewEvent {
        event_id: "next".into(),
        ..write().announcements.remove(0)
    };
    views.log.append(&[announced_next]).await.unwrap();
    assert_eq!(tail.next(10).await.unwrap()[0].event_id, "next");
}

/// Two rooms with a message each, the first of which the disk has damaged by this statement.
async fn damaged(statement: &'static str) -> Views {
    let views = views().await;
    let rooms = [1, 2].map(|room| {
        let WriteEvent::MessageSent(message) = sent(room, 1) else {
            panic!("a message");
        };
        (
            events::folded(&[events::room_created(room), sent(room, 1)]),
            message,
        )
    });
    let (rooms, messages) = rooms.into_iter().unzip();
    let saved = ViewWrite {
        messages,
        rooms,
        ..write()
    };
    views.store.save(&saved).await.unwrap();
    let file = outbox(views._folder.path(), "views.db").await;
    assert_eq!(damages(file.database()).await.unwrap(), [""; 0]);
    let writer = &file.database().writer;
    sqlx::query(statement).execute(writer).await.unwrap();
    views
}

fn sent(room: i64, seq: i64) -> WriteEvent {
    events::message_sent(room, seq, CustomerId(1))
}

#[tokio::test]
async fn b28_a_damaged_message_is_named_and_other_rooms_go_on() {
    for statement in [
        "UPDATE messages SET content = 'other' WHERE room_id = 1",
        "UPDATE messages SET content = CAST(x'ff' AS TEXT) WHERE room_id = 1",
        "UPDATE messages SET sender_id = 9 WHERE room_id = 1",
    ] {
        let views = damaged(statement).await;
        let page = Page {
            before: None,
            after_seq: None,
            limit: 9,
        };
        let refused = views.store.history(RoomId(1), page).await.unwrap_err();
        let said = refused.to_string();
        assert_eq!(
            said,
            "what is stored of message 10001 of room 1 is damaged: rebuild the views"
        );
        assert_eq!(views.store.history(RoomId(2), page).await.unwrap().len(), 1);
        let file = outbox(views._folder.path(), "views.db").await;
        assert_eq!(damages(file.database()).await.unwrap(), [said]);
    }
}

#[tokio::test]
async fn b28_a_damaged_room_is_named_and_other_rooms_go_on() {
    for statement in [
        "UPDATE rooms SET state = replace(state, 'oom', 'oon') WHERE room_id = 1",
        "UPDATE rooms SET state = CAST(x'ff' AS TEXT) WHERE room_id = 1",
    ] {
        let views = damaged(statement).await;
        let refusal = views.store.room(RoomId(1)).await.unwrap_err();
        let said = refusal.to_string();
        assert_eq!(
            said,
            "what is stored of room 1 is damaged: rebuild the views"
        );
        assert!(views.store.room(RoomId(2)).await.unwrap().is_some());
        let file = outbox(views._folder.path(), "views.db").await;
        assert_eq!(damages(file.database()).await.unwrap(), [said]);

        // An event of the damaged room is parked; one of another room is applied.
        for (room, applied) in [(1, false), (2, true)] {
            let event = NewEvent::from(&sent(room, 2));
            let parked = ParkedEvent {
                position: "chat-message-sent:0:70".parse().unwrap(),
                key: room.to_string(),
                event_id: event.event_id,
                payload: event.payload,
                reason: String::new(),
                parked_at: Timestamp::from_millis(0),
                tries: 1,
            };
            let outcome = replay(&views.store, &views.log, &SystemClock, &parked).await;
            assert_eq!(
                matches!(outcome.unwrap(), Replayed::Applied),
                applied,
                "{room}"
            );
        }
    }
}
