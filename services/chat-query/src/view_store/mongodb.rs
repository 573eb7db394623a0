//! Views in MongoDB. One document a room, replaced only at the version it was loaded at; messages and markers first, so
//! that a room that is visible has them.
//!
//! Announcements and position live elsewhere, so they are the caller's: everything here may be repeated.

mod documents;
mod extent;
mod history;
mod parked;
mod partitions;
mod rebuild;
mod writes;

use std::{collections::HashMap, sync::Arc, time::Duration};

use ::mongodb::{
    Client, Collection, Database, IndexModel,
    bson::{Document, doc},
    error::ErrorKind,
    options::{Acknowledgment, ClientOptions, IndexOptions, WriteConcern},
};
use async_trait::async_trait;
use colloquy_contracts::{
    CustomerId, RoomId, Seq,
    views::{ChatRoomView, MessageDocument, ReadMarker},
};
use futures_util::TryStreamExt as _;
use uuid::Uuid;

use self::documents::{MarkerDocument, RoomDocument, StoredMessage};
use super::{
    Extent, Page, RebuildStore, Saved, ViewStore, ViewStoreError, ViewWrite, listed, read_marker,
};
use crate::{
    parked::{LogPosition, ParkedEvent},
    room_state::RoomState,
};

const ROOMS: &str = "chatRoomViews";
const MESSAGES: &str = "messages";
const MARKERS: &str = "readMarkers";
const PARKED: &str = "parkedEvents";
/// Rooms that one answer carries: a list that came in several would break off when the views are replaced.
const ONE_ANSWER: u32 = 100_000;

/// How long to look for a server, and how long a connection may take to open.
const SELECTION: Duration = Duration::from_millis(1_500);
const CONNECT: Duration = Duration::from_secs(1);
/// A query that takes longer has failed (promise P6: an answer in ≤ 5 s).
const READ: Duration = Duration::from_secs(3);
/// A batch has more to do, and nobody waits for its answer.
const WRITE: Duration = Duration::from_secs(15);
/// Counting visits everything there is.
const COUNT: Duration = Duration::from_mins(10);

/// Views in one MongoDB database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct MongoViewStore {
    database: Database,
    /// Behind the name of each collection: nothing for the views in use.
    suffix: Arc<str>,
    /// Below the versions that rooms get here.
    first_version: i64,
}

impl MongoViewStore {
    /// The views in this database. Nothing is connected until the first call, so a server that is down fails calls,
    /// not the start.
    ///
    /// # Errors
    /// The URI does not parse.
    pub async fn new(uri: &str, database: &str) -> Result<Self, ViewStoreError> {
        let mut options = ClientOptions::parse(uri).await?;
        options.app_name = Some("colloquy-chat-query".into());
        options.server_selection_timeout = Some(SELECTION);
        options.connect_timeout = Some(CONNECT);
        options.write_concern = Some(
            WriteConcern::builder()
                .w(Acknowledgment::Majority)
                .journal(true)
                .build(),
        );
        Ok(Self {
            database: Client::with_options(options)?.database(database),
            suffix: "".into(),
            first_version: 0,
        })
    }

    fn collection<T: Send + Sync>(&self, name: &str) -> Collection<T> {
        self.database.collection(&self.name(name))
    }

    fn name(&self, collection: &str) -> String {
        format!("{collection}{}", self.suffix)
    }

    fn rooms(&self) -> Collection<RoomDocument> {
        self.collection(ROOMS)
    }

    fn messages(&self) -> Collection<StoredMessage> {
        self.collection(MESSAGES)
    }

    async fn make_indexes(&self) -> Result<(), ViewStoreError> {
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
    async fn prepare(&self) -> Result<(), ViewStoreError> {
        within(WRITE, self.make_indexes()).await
    }

    async fn load_rooms(
        &self,
        ids: &[RoomId],
    ) -> Result<HashMap<RoomId, RoomState>, ViewStoreError> {
        let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
        let rooms = async {
            let found = self.rooms().find(doc! { "_id": { "$in": ids } }).await?;
            Ok(found.try_collect::<Vec<_>>().await?)
        };
        let both = async { tokio::try_join!(rooms, rebuild::lock_owner(self)) };
        let (rooms, holder) = within(WRITE, both).await?;
        if let Some(rebuild) = holder {
            return Err(ViewStoreError::Locked(rebuild));
        }
        rooms
            .into_iter()
            .map(|room| RoomState::try_from(room).map(|room| (room.room_id, room)))
            .collect()
    }

    async fn save(&self, write: &ViewWrite) -> Result<Saved, ViewStoreError> {
        within(WRITE, writes::save(self, write)).await?;
        Ok(Saved::View)
    }

    async fn room(&self, room: RoomId) -> Result<Option<ChatRoomView>, ViewStoreError> {
        let found = async {
            let found = doc! { "_id": room.0, "participantIds": { "$exists": true } };
            Ok(self.rooms().find_one(found).await?)
        };
        let room = within(READ, found).await?.map(RoomState::try_from);
        Ok(room.transpose()?.and_then(|room| room.view()))
    }

    async fn rooms_of(&self, customer: CustomerId) -> Result<Vec<ChatRoomView>, ViewStoreError> {
        let rooms = async {
            let found = self
                .rooms()
                .find(doc! { "participantIds": customer.0 })
                .batch_size(ONE_ANSWER)
                .await?;
            Ok(found.try_collect::<Vec<_>>().await?)
        };
        let rooms = within(READ, rooms).await?.into_iter();
        let views = rooms.map(|room| RoomState::try_from(room).map(|room| room.view()));
        let views: Result<_, ViewStoreError> = views.filter_map(Result::transpose).collect();
        Ok(listed(views?))
    }

    async fn is_member(&self, room: RoomId, customer: CustomerId) -> Result<bool, ViewStoreError> {
        let found = async {
            let rooms = self.collection::<Document>(ROOMS);
            let found = rooms.find_one(doc! { "_id": room.0, "participantIds": customer.0 });
            Ok(found.projection(doc! { "_id": 1 }).await?)
        };
        Ok(within(READ, found).await?.is_some())
    }

    async fn history(
        &self,
        room: RoomId,
        page: Page,
    ) -> Result<Vec<MessageDocument>, ViewStoreError> {
        within(READ, history::read(self, room, page)).await
    }

    async fn highest_seq(&self, room: RoomId) -> Result<Option<Seq>, ViewStoreError> {
        let found = async {
            let rooms = self.collection::<Document>(ROOMS);
            let found = rooms.find_one(doc! { "_id": room.0 });
            Ok(found.projection(doc! { "lastMessage.seq": 1 }).await?)
        };
        let room = within(READ, found).await?;
        let last = room
            .as_ref()
            .and_then(|room| room.get_document("lastMessage").ok());
        Ok(last.and_then(|last| last.get_i64("seq").ok()).map(Seq))
    }

    async fn markers(&self, room: RoomId) -> Result<Vec<ReadMarker>, ViewStoreError> {
        let markers = async {
            let collection = self.collection::<MarkerDocument>(MARKERS);
            let found = collection
                .find(doc! { "roomId": room.0 })
                .sort(doc! { "customerId": 1 })
                .await?;
            Ok(found.try_collect::<Vec<_>>().await?)
        };
        let markers = within(READ, markers).await?.into_iter();
        Ok(markers
            .map(|one| read_marker(room, one.customer_id(), one.last_read()))
            .collect())
    }

    async fn parked(
        &self,
        after: Option<&LogPosition>,
        limit: u32,
    ) -> Result<Vec<ParkedEvent>, ViewStoreError> {
        within(READ, parked::list(self, after, limit)).await
    }

    async fn parked_at(
        &self,
        position: &LogPosition,
    ) -> Result<Option<ParkedEvent>, ViewStoreError> {
        within(READ, parked::find(self, position)).await
    }

    async fn keep_parked(&self, event: &ParkedEvent) -> Result<(), ViewStoreError> {
        within(WRITE, parked::keep(self, event)).await
    }

    async fn forget_parked(&self, position: &LogPosition) -> Result<(), ViewStoreError> {
        within(WRITE, parked::forget(self, position)).await
    }

    async fn extent(&self) -> Result<Extent, ViewStoreError> {
        within(COUNT, extent::count(self)).await
    }

    async fn lost_partitions(&self, of: &[i32]) -> Result<Vec<i32>, ViewStoreError> {
        within(READ, partitions::lost(self, of)).await
    }

    async fn note_partitions(&self, partitions: &[i32]) -> Result<(), ViewStoreError> {
        within(WRITE, partitions::note(self, partitions)).await
    }

    async fn abandon(&self, rebuild: Uuid) -> Result<(), ViewStoreError> {
        within(WRITE, rebuild::abandon(self, rebuild)).await
    }
}

#[async_trait]
impl RebuildStore for MongoViewStore {
    async fn begin(
        &self,
        rebuild: Uuid,
        first_version: i64,
    ) -> Result<Arc<dyn ViewStore>, ViewStoreError> {
        let next = Self {
            suffix: rebuild::suffix(rebuild).into(),
            first_version,
            ..self.clone()
        };
        within(WRITE, rebuild::begin(self, &next, rebuild)).await?;
        Ok(Arc::new(next))
    }

    async fn lock(&self, rebuild: Uuid) -> Result<(), ViewStoreError> {
        within(WRITE, rebuild::lock(self, rebuild)).await
    }

    async fn replace(&self, rebuild: Uuid) -> Result<(), ViewStoreError> {
        within(WRITE, rebuild::replace(self, rebuild)).await
    }
}

/// A room and a message as their collections hold them.
#[cfg(test)]
pub(super) fn stored(room: &RoomState, message: &MessageDocument) -> [Document; 2] {
    let room = ::mongodb::bson::to_document(&RoomDocument::next(room, 0));
    let message = ::mongodb::bson::to_document(&StoredMessage::from(message));
    [room, message].map(|document| document.expect("numbers, texts and dates"))
}

/// A server that is half open answers nothing at all; the driver would wait for it.
async fn within<T>(
    limit: Duration,
    call: impl Future<Output = Result<T, ViewStoreError>>,
) -> Result<T, ViewStoreError> {
    match tokio::time::timeout(limit, call).await {
        Ok(outcome) => outcome,
        Err(elapsed) => Err(ViewStoreError::Unavailable(elapsed.into())),
    }
}

impl From<::mongodb::error::Error> for ViewStoreError {
    fn from(error: ::mongodb::error::Error) -> Self {
        /// BadValue, FailedToParse, TypeMismatch, CommandNotFound: the server does not understand us.
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
