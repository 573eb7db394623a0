//! What MongoDB says of itself and of what it lets us do. Nothing is made or changed.

use ::mongodb::bson::{Document, doc};

use super::{MongoViewStore, READ_TIMEOUT, ROOMS, within};
use crate::view_store::Result;

/// No room has this id.
const NO_ROOM: i64 = i64::MIN;

/// A MongoDB server, as the user of the URI finds it.
#[derive(Clone, Debug)]
pub struct MongoFacts {
    /// Its version, such as `8.0.4`.
    pub version: String,
    /// Its wall clock, in milliseconds since 1970, if it shows it.
    pub unix_millis: Option<i64>,
    /// Whether it is a member of a replica set, which keeps views when one server is lost.
    pub is_replicated: bool,
    /// Why it does not let us write, if it does not.
    pub refusal: Option<String>,
}

impl MongoViewStore {
    /// Asks the server.
    ///
    /// # Errors
    /// It is away, does not answer in time, or does not let us in.
    pub async fn facts(&self) -> Result<MongoFacts> {
        within(2 * READ_TIMEOUT, ask(self)).await
    }
}

async fn ask(store: &MongoViewStore) -> Result<MongoFacts> {
    let rooms = store.collection::<Document>(ROOMS);
    // The right to look into the database is not the right to read what is in it.
    rooms.find_one(doc! { "_id": NO_ROOM }).await?;
    let removed = rooms.delete_one(doc! { "_id": NO_ROOM }).await;
    let build = store.database.run_command(doc! { "buildInfo": 1 }).await?;
    let hello = store.database.run_command(doc! { "isMaster": 1 }).await?;
    let local_time = hello.get_datetime("localTime").ok();
    Ok(MongoFacts {
        version: build.get_str("version").unwrap_or_default().to_owned(),
        unix_millis: local_time.map(|time| time.timestamp_millis()),
        is_replicated: hello.contains_key("setName") || hello.contains_key("msg"),
        refusal: removed.err().map(|error| error.kind.to_string()),
    })
}
