//! The MongoDB view store keeps what every view store promises.

use std::sync::Arc;

use colloquy_chat_query::{MongoViewStore, ViewStore};

use crate::parts;

colloquy_chat_query::view_store_conformance!(fresh);

/// A store in a database of its own.
pub async fn store(database: &str) -> MongoViewStore {
    let uri = parts::address("COLLOQUY_TEST_MONGO");
    let store = MongoViewStore::new(&uri, database).await.unwrap();
    store.prepare().await.unwrap();
    store
}

async fn fresh() -> (impl AsyncFn() -> Arc<dyn ViewStore>, ()) {
    let database = parts::unique("views");
    let reopen = async move || Arc::new(store(&database).await) as Arc<dyn ViewStore>;
    (reopen, ())
}

#[tokio::test]
async fn promise_6_a_server_that_is_down_is_unavailable_within_5_s() {
    // Nothing listens on the discard port.
    let store = MongoViewStore::new("mongodb://127.0.0.1:9", "views")
        .await
        .unwrap();
    let asked = tokio::time::Instant::now();
    let refusal = store.rooms_of(colloquy_contracts::CustomerId(1)).await;
    assert!(
        matches!(
            refusal,
            Err(colloquy_chat_query::view_store::ViewStoreError::Unavailable(_))
        ),
        "{refusal:?}"
    );
    assert!(asked.elapsed() < std::time::Duration::from_secs(5));
}
