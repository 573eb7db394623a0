//! The MongoDB view store keeps what every view store promises.

use std::sync::Arc;

use colloquy_chat_query::{MongoViewStore, RebuildStore, ViewStore as _};

use crate::parts;

colloquy_chat_query::conformance!(fresh);

/// Where no server is: nothing listens on the discard port.
pub const NOBODY: &str = "mongodb://127.0.0.1:9";

/// The store in this database.
pub async fn store(database: &str) -> MongoViewStore {
    let uri = parts::address("COLLOQUY_TEST_MONGO");
    let store = MongoViewStore::new(&uri, database).await.unwrap();
    store.prepare().await.unwrap();
    store
}

async fn fresh() -> (impl AsyncFn() -> Arc<dyn RebuildStore>, ()) {
    let database = parts::unique("views");
    let reopen = async move || Arc::new(store(&database).await) as Arc<dyn RebuildStore>;
    (reopen, ())
}
