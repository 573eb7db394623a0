//! The MongoDB view store keeps what every view store promises.

use std::sync::Arc;

use ::mongodb::{
    Client, IndexModel,
    bson::{Document, doc},
};
use colloquy_chat_query::{
    MongoViewStore, RebuildStore, ViewStore as _, room_state::RoomState, view_store::ViewWrite,
};
use colloquy_contracts::{
    MessageId, RoomId, Seq, Timestamp, events::WriteEvent, views::LastMessage,
};
use futures_util::TryStreamExt as _;
use uuid::Uuid;

use crate::{
    events::{CREATOR, folded, message_sent, room_created},
    parts,
    service::eventually,
};

colloquy_chat_query::conformance!(fresh);

/// Where no server is: nothing listens on the discard port.
pub const UNREACHABLE: &str = "mongodb://127.0.0.1:9";

/// The store in this database.
pub async fn store(database: &str) -> MongoViewStore {
    let uri = parts::address("COLLOQUY_TEST_MONGO");
    let store = MongoViewStore::new(&uri, database).await.unwrap();
    store.prepare().await.unwrap();
    store
}

/// Drops the database while others use it.
pub async fn drop_database(database: &str) {
    let client = Client::with_uri_str(parts::address("COLLOQUY_TEST_MONGO")).await;
    let database = client.unwrap().database(database);
    // While others write, a server may refuse.
    eventually(async || database.drop().await.is_ok()).await;
}

async fn fresh() -> (impl AsyncFn() -> Arc<dyn RebuildStore>, ()) {
    let database = parts::unique("views");
    let reopen = async move || Arc::new(store(&database).await) as Arc<dyn RebuildStore>;
    (reopen, ())
}

#[tokio::test]
async fn contract_7_the_collections_have_the_indexes_of_the_contract() {
    let name = parts::unique("views");
    store(&name).await;
    let client = Client::with_uri_str(parts::address("COLLOQUY_TEST_MONGO"));
    let database = client.await.unwrap().database(&name);
    for (collection, keys, unique) in [
        (
            "chatRoomViews",
            doc! { "participantIds": 1, "updatedAt": -1 },
            false,
        ),
        ("messages", doc! { "roomId": 1, "messageId": -1 }, false),
        ("readMarkers", doc! { "roomId": 1, "customerId": 1 }, true),
    ] {
        let collection = database.collection::<Document>(collection);
        let indexes = collection.list_indexes().await.unwrap();
        let indexes: Vec<IndexModel> = indexes.try_collect().await.unwrap();
        let is_unique = |index: &IndexModel| {
            let options = index.options.as_ref();
            options.is_some_and(|options| options.unique == Some(true))
        };
        let there = indexes
            .iter()
            .any(|index| index.keys == keys && is_unique(index) == unique);
        assert!(there, "{} {keys}: {indexes:?}", collection.name());
    }
}

/// Also what was noted of them: the positions of the group are elsewhere.
#[tokio::test(flavor = "multi_thread")]
async fn f14_views_that_were_never_filled_or_were_dropped_have_lost_all_partitions() {
    let database = parts::unique("views");
    let views = store(&database).await;
    let lost = async || views.lost_partitions(&[0, 1, 5]).await.unwrap();
    assert_eq!(lost().await, [0, 1, 5]);
    views.note_partitions(&[]).await.unwrap();
    views.note_partitions(&[1]).await.unwrap();
    assert_eq!(lost().await, [0, 5]);
    drop_database(&database).await;
    assert_eq!(lost().await, [0, 1, 5]);
}

/// The longest messages that a setting allows, the last ones of as many rooms as a batch can be about.
#[tokio::test(flavor = "multi_thread")]
async fn promise_p5_rooms_whose_messages_are_as_long_as_may_be_are_stored_all_at_once() {
    const LONGEST: usize = 65_536;
    let store = store(&parts::unique("views")).await;
    let long = |id| RoomState {
        last_message: Some(LastMessage {
            message_id: MessageId(id),
            sender_id: CREATOR,
            content: "👋".repeat(LONGEST),
            sent_at: Timestamp::from_millis(id),
            seq: Seq(1),
        }),
        ..RoomState::unknown(RoomId(id))
    };
    let write = ViewWrite {
        rooms: (1..=100).map(long).collect(),
        ..nothing()
    };
    store.save(&write).await.unwrap();
    let ids: Vec<_> = (1..=100).map(RoomId).collect();
    let stored = store.load_rooms(&ids).await.unwrap();
    for room in write.rooms {
        assert_eq!(stored[&room.room_id].last_message, room.last_message);
    }
}

/// Collections are replaced one by one: after any of them the rebuild may have to call again.
#[tokio::test(flavor = "multi_thread")]
async fn decision_14_a_replacement_that_broke_off_is_ended_by_the_same_call() {
    const VIEWS: [&str; 4] = ["messages", "readMarkers", "parkedEvents", "chatRoomViews"];
    let client = Client::with_uri_str(parts::address("COLLOQUY_TEST_MONGO"));
    let client = client.await.unwrap();
    let admin = client.database("admin");
    for renamed in 0..=VIEWS.len() {
        let name = parts::unique("views");
        let store = store(&name).await;
        let id = Uuid::new_v4();
        let next = store.begin(id, 1).await.unwrap();
        let events = [room_created(1), message_sent(1, 1, CREATOR)];
        let WriteEvent::MessageSent(message) = &events[1] else {
            panic!("a message");
        };
        let write = ViewWrite {
            messages: vec![message.clone()],
            rooms: vec![folded(&events)],
            ..nothing()
        };
        next.save(&write).await.unwrap();
        store.lock(id).await.unwrap();
        for view in &VIEWS[..renamed] {
            let rename = doc! {
                "renameCollection": format!("{name}.{view}_next_{}", id.simple()),
                "to": format!("{name}.{view}"),
                "dropTarget": true,
            };
            admin.run_command(rename).await.unwrap();
        }
        for _ in 0..2 {
            store.replace(id).await.unwrap();
        }
        assert_eq!(store.highest_seq(RoomId(1)).await.unwrap(), Some(Seq(1)));
        let extent = store.extent().await.unwrap();
        assert_eq!((extent.rooms, extent.messages), (1, 1));
        let left = client.database(&name).list_collection_names().await;
        let left = left.unwrap();
        assert_eq!(left.len(), VIEWS.len(), "{left:?}");
    }
}

fn nothing() -> ViewWrite {
    ViewWrite {
        messages: Vec::new(),
        markers: Vec::new(),
        rooms: Vec::new(),
        parked: Vec::new(),
        announcements: Vec::new(),
        position: None,
    }
}
