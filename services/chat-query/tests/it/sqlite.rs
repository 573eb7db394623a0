//! The SQLite view store keeps what every view store promises, and what only it can.

use std::{path::Path, sync::Arc};

use colloquy_chat_query::{
    RebuildStore, SqliteViewStore, ViewStore as _,
    view_store::{Position, Saved, ViewStoreError, ViewWrite},
};
use colloquy_contracts::{CustomerId, RoomId, Topic};
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

/// Room 1 as new, told at position 7.
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
        position: Some(Position {
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
    let told = tail.next(10).await.unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].event_id, "room-updated:room:1");

    // The same room again, as if it were new: a conflict, which leaves neither announcement nor position.
    let mut refused = write();
    refused.position = Some(Position {
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
