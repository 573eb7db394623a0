//! Views in MongoDB. A room is one document, replaced only at the version it was loaded at; messages and markers are
//! written first, so that a room that is visible has them.
//!
//! Announcements and position are in Kafka, so publishing and committing is left to the caller: every call may be repeated.

mod connections;
mod documents;
mod extent;
mod facts;
mod history;
mod parked;
mod rebuild;
mod sentinels;
mod writes;

use std::{collections::HashMap, sync::Arc, time::Duration};

use ::mongodb::{
    Client, Collection, Cursor, Database, IndexModel,
    bson::{Document, doc},
    error::ErrorKind,
    options::{Acknowledgment, ClientOptions, IndexOptions, Tls, TlsOptions, WriteConcern},
};
use async_trait::async_trait;
use colloquy_chassis::{StoreAddress, TlsFiles, figures::Figures};
use colloquy_contracts::{
    CustomerId, RoomId, Seq,
    views::{ChatRoomView, MessageDocument, ReadMarker},
};
use futures_util::TryStreamExt as _;
use serde::de::DeserializeOwned;
use uuid::Uuid;

pub use self::facts::MongoFacts;
use self::{
    connections::ConnectionCount,
    documents::{MarkerDocument, RoomDocument, StoredMessage},
};
use super::{
    Extent, Page, RebuildStore, Result, Saved, ViewStore, ViewStoreError, ViewWrite, listed,
    read_marker,
};
use crate::{
    parked::{LogPosition, ParkedEvent},
    room_state::RoomState,
};

const ROOMS: &str = "chatRoomViews";
const MESSAGES: &str = "messages";
const MARKERS: &str = "readMarkers";
const PARKED: &str = "parkedEvents";
/// The batch size of a list of rooms: all of them, because a cursor breaks off when the views are replaced.
const ROOMS_BATCH_SIZE: u32 = 100_000;

const SERVER_SELECTION_TIMEOUT: Duration = Duration::from_millis(1_500);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// A query that takes longer has failed (promise P6: an answer in ≤ 5 s).
const READ_TIMEOUT: Duration = Duration::from_secs(3);
/// A batch takes longer, and no client waits for it.
const WRITE_TIMEOUT: Duration = Duration::from_secs(15);
/// Counting reads all rooms and one index of all messages.
const COUNT_TIMEOUT: Duration = Duration::from_mins(10);

/// Views in one MongoDB database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct MongoViewStore {
    database: Database,
    /// The end of the name of each collection: empty for the views in use.
    suffix: Arc<str>,
    /// Rooms get versions above this one.
    first_version: i64,
    connections: ConnectionCount,
}

impl MongoViewStore {
    /// The views in this database. Nothing is connected until the first call, so a server that is down fails calls,
    /// not the start. A file of TLS asks for it, whatever the URI says.
    ///
    /// # Errors
    /// The URI does not parse, or a file of TLS cannot be used.
    pub async fn new(address: impl Into<StoreAddress>, database: &str) -> Result<Self> {
        let StoreAddress { url, tls } = address.into();
        let mut options = ClientOptions::parse(url).await?;
        if !tls.is_empty() {
            options.tls = Some(Tls::Enabled(tls_options(tls)));
        }
        options.app_name = Some("colloquy-chat-query".into());
        options.server_selection_timeout = Some(SERVER_SELECTION_TIMEOUT);
        options.connect_timeout = Some(CONNECT_TIMEOUT);
        options.write_concern = Some(
            WriteConcern::builder()
                .w(Acknowledgment::Majority)
                .journal(true)
                .build(),
        );
        let connections = ConnectionCount::of(&mut options);
        Ok(Self {
            database: Client::with_options(options)?.database(database),
            suffix: "".into(),
            first_version: 0,
            connections,
        })
    }

    /// Asks the server whether it is there.
    ///
    /// # Errors
    /// None comes in time.
    pub async fn reach(&self) -> Result<()> {
        let ping = async { Ok(self.database.run_command(doc! { "ping": 1 }).await?) };
        within(READ_TIMEOUT, ping).await.map(drop)
    }

    /// Shows operators how many connections there are to the server that has the most in use.
    pub fn show_connections(&self, figures: &Figures) {
        self.connections.show(figures);
    }

    fn collection<T: Send + Sync>(&self, name: &str) -> Collection<T> {
        self.database.collection(&self.name(name))
    }

    fn name(&self, collection: &str) -> String {
        format!("{collection}{}", self.suffix)
    }

    async fn drop_collection(&self, name: &str) -> Result<()> {
        Ok(self.database.collection::<Document>(name).drop().await?)
    }

    fn rooms(&self) -> Collection<RoomDocument> {
        self.collection(ROOMS)
    }

    fn messages(&self) -> Collection<StoredMessage> {
        self.collection(MESSAGES)
    }

    async fn make_indexes(&self) -> Result<()> {
        let unique = || IndexOptions::builder().unique(true).build();
        let index = |keys| IndexModel::builder().keys(keys).build();
        let unique_index = |keys| IndexModel::builder().keys(keys).options(unique()).build();
        self.rooms()
            .create_index(index(doc! { "participantIds": 1, "updatedAt": -1 }))
            .await?;
        self.messages()
            .create_indexes([
                index(doc! { "roomId": 1, "messageId": -1 }),
                unique_index(doc! { "roomId": 1, "seq": -1 }),
            ])
            .await?;
        self.collection::<MarkerDocument>(MARKERS)
            .create_index(unique_index(doc! { "roomId": 1, "customerId": 1 }))
            .await?;
        Ok(())
    }
}

#[async_trait]
impl ViewStore for MongoViewStore {
    async fn prepare(&self) -> Result<()> {
        within(WRITE_TIMEOUT, self.make_indexes()).await
    }

    async fn load_rooms(&self, ids: &[RoomId]) -> Result<HashMap<RoomId, RoomState>> {
        let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
        let rooms = self.rooms();
        let found = collected(rooms.find(doc! { "_id": { "$in": ids } }));
        let both = async { tokio::try_join!(found, sentinels::lock_owner(self)) };
        let (rooms, lock_owner) = within(WRITE_TIMEOUT, both).await?;
        if let Some(rebuild) = lock_owner {
            return Err(ViewStoreError::Locked(rebuild));
        }
        rooms
            .into_iter()
            .map(|room| RoomState::try_from(room).map(|room| (room.room_id, room)))
            .collect()
    }

    async fn save(&self, write: &ViewWrite) -> Result<Saved> {
        within(WRITE_TIMEOUT, writes::save(self, write)).await?;
        Ok(Saved::View)
    }

    async fn room(&self, room: RoomId) -> Result<Option<ChatRoomView>> {
        let found = async {
            let found = doc! { "_id": room.0, "participantIds": { "$exists": true } };
            Ok(self.rooms().find_one(found).await?)
        };
        let room = within(READ_TIMEOUT, found).await?.map(RoomState::try_from);
        Ok(room.transpose()?.and_then(|room| room.view()))
    }

    async fn rooms_of(&self, customer: CustomerId) -> Result<Vec<ChatRoomView>> {
        let rooms = self.rooms();
        let found = rooms.find(doc! { "participantIds": customer.0 });
        let found = collected(found.batch_size(ROOMS_BATCH_SIZE));
        let rooms = within(READ_TIMEOUT, found).await?.into_iter();
        listed(rooms.map(RoomState::try_from))
    }

    async fn is_member(&self, room: RoomId, customer: CustomerId) -> Result<bool> {
        let found = async {
            let rooms = self.collection::<Document>(ROOMS);
            let found = rooms.find_one(doc! { "_id": room.0, "participantIds": customer.0 });
            Ok(found.projection(doc! { "_id": 1 }).await?)
        };
        Ok(within(READ_TIMEOUT, found).await?.is_some())
    }

    async fn history(&self, room: RoomId, page: Page) -> Result<Vec<MessageDocument>> {
        within(READ_TIMEOUT, history::read(self, room, page)).await
    }

    async fn highest_seq(&self, room: RoomId) -> Result<Option<Seq>> {
        let found = async {
            let rooms = self.collection::<Document>(ROOMS);
            let found = rooms.find_one(doc! { "_id": room.0 });
            Ok(found.projection(doc! { "lastMessage.seq": 1 }).await?)
        };
        let room = within(READ_TIMEOUT, found).await?;
        let last = room
            .as_ref()
            .and_then(|room| room.get_document("lastMessage").ok());
        Ok(last.and_then(|last| last.get_i64("seq").ok()).map(Seq))
    }

    async fn markers(&self, room: RoomId) -> Result<Vec<ReadMarker>> {
        let markers = self.collection::<MarkerDocument>(MARKERS);
        let found = markers.find(doc! { "roomId": room.0 });
        let found = collected(found.sort(doc! { "customerId": 1 }));
        let markers = within(READ_TIMEOUT, found).await?.into_iter();
        Ok(markers
            .map(|one| read_marker(room, one.customer_id, one.last_read_message_id))
            .collect())
    }

    async fn parked(&self, after: Option<&LogPosition>, limit: u32) -> Result<Vec<ParkedEvent>> {
        within(READ_TIMEOUT, parked::list(self, after, limit)).await
    }

    async fn count_parked(&self) -> Result<u64> {
        within(READ_TIMEOUT, parked::count(self)).await
    }

    async fn keep_parked(&self, event: &ParkedEvent) -> Result<()> {
        within(WRITE_TIMEOUT, parked::keep(self, event)).await
    }

    async fn forget_parked(&self, position: &LogPosition) -> Result<()> {
        within(WRITE_TIMEOUT, parked::forget(self, position)).await
    }

    async fn extent(&self) -> Result<Extent> {
        within(COUNT_TIMEOUT, extent::count(self)).await
    }

    async fn lost_partitions(&self, of: &[i32]) -> Result<Vec<i32>> {
        within(READ_TIMEOUT, sentinels::lost_partitions(self, of)).await
    }

    async fn note_partitions(&self, partitions: &[i32]) -> Result<()> {
        within(WRITE_TIMEOUT, sentinels::note_partitions(self, partitions)).await
    }

    async fn abandon(&self, rebuild: Uuid) -> Result<()> {
        within(WRITE_TIMEOUT, rebuild::abandon(self, rebuild)).await
    }
}

#[async_trait]
impl RebuildStore for MongoViewStore {
    async fn begin(&self, rebuild: Uuid, first_version: i64) -> Result<Arc<dyn ViewStore>> {
        let next = Self {
            suffix: rebuild::suffix(rebuild).into(),
            first_version,
            ..self.clone()
        };
        within(WRITE_TIMEOUT, rebuild::begin(self, &next, rebuild)).await?;
        Ok(Arc::new(next))
    }

    async fn lock(&self, rebuild: Uuid) -> Result<()> {
        within(WRITE_TIMEOUT, rebuild::lock(self, rebuild)).await
    }

    async fn replace(&self, rebuild: Uuid) -> Result<()> {
        within(WRITE_TIMEOUT, rebuild::replace(self, rebuild)).await
    }
}

fn tls_options(tls: TlsFiles) -> TlsOptions {
    let mut options = TlsOptions::default();
    options.ca_file_path = tls.ca;
    // The driver reads the certificate and the key from one file.
    options.cert_key_file_path = tls.identity.map(|identity| identity.cert);
    options
}

/// A room and a message as their collections hold them.
#[cfg(test)]
pub(super) fn stored(room: &RoomState, message: &MessageDocument) -> [Document; 2] {
    let room = ::mongodb::bson::to_document(&RoomDocument::next(room, 0));
    let message = ::mongodb::bson::to_document(&StoredMessage::from(message));
    [room, message].map(|document| document.expect("numbers, texts and dates"))
}

/// All documents that a query or an aggregation finds.
async fn collected<T: DeserializeOwned + Unpin + Send + Sync>(
    found: impl IntoFuture<Output = Result<Cursor<T>, ::mongodb::error::Error>>,
) -> Result<Vec<T>> {
    Ok(found.await?.try_collect().await?)
}

/// A server whose connection is half open answers nothing, and the driver would wait for ever.
async fn within<T>(limit: Duration, call: impl Future<Output = Result<T>>) -> Result<T> {
    match tokio::time::timeout(limit, call).await {
        Ok(outcome) => outcome,
        Err(elapsed) => Err(ViewStoreError::Unavailable(elapsed.into())),
    }
}

impl From<::mongodb::error::Error> for ViewStoreError {
    fn from(error: ::mongodb::error::Error) -> Self {
        /// BadValue, FailedToParse, TypeMismatch, CommandNotFound: the server does not understand the command.
        const MISUNDERSTOOD: [i32; 4] = [2, 9, 14, 59];
        let defect = match error.kind.as_ref() {
            ErrorKind::InvalidArgument { .. }
            | ErrorKind::BsonDeserialization(_)
            | ErrorKind::BsonSerialization(_) => true,
            ErrorKind::Command(refusal) => MISUNDERSTOOD.contains(&refusal.code),
            _ => false,
        };
        if defect {
            Self::Defect(error.into())
        } else {
            Self::Unavailable(error.into())
        }
    }
}
