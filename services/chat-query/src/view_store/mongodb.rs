//! Views in MongoDB. One document a room, replaced only at the version it was loaded at; messages and markers first, so
//! that a room that is visible has them.
//!
//! Announcements and position live elsewhere, so they are the caller's: everything here may be repeated.

mod documents;
mod writes;

use std::{collections::HashMap, time::Duration};

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

use self::documents::{MarkerDocument, ParkedDocument, RoomDocument, StoredMessage};
use super::{Page, Saved, ViewStore, ViewStoreError, ViewWrite, read_marker};
use crate::{parked::ParkedEvent, room_state::RoomState};

const ROOMS: &str = "chatRoomViews";
const MESSAGES: &str = "messages";
const MARKERS: &str = "readMarkers";
const PARKED: &str = "parkedEvents";

/// How long to look for a server, and how long a connection may take to open.
const SELECTION: Duration = Duration::from_millis(1_500);
const CONNECT: Duration = Duration::from_secs(1);
/// A query that takes longer has failed (promise P6: an answer in ≤ 5 s).
const READ: Duration = Duration::from_secs(3);
/// A batch has more to do, and nobody waits for its answer.
const WRITE: Duration = Duration::from_secs(15);

/// Views in one MongoDB database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct MongoViewStore(Database);

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
        Ok(Self(Client::with_options(options)?.database(database)))
    }

    fn rooms(&self) -> Collection<RoomDocument> {
        self.0.collection(ROOMS)
    }

    fn messages(&self) -> Collection<StoredMessage> {
        self.0.collection(MESSAGES)
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
        self.0
            .collection::<MarkerDocument>(MARKERS)
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
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
        let rooms = async {
            let found = self.rooms().find(doc! { "_id": { "$in": ids } }).await?;
            Ok(found.try_collect::<Vec<_>>().await?)
        };
        let rooms = within(WRITE, rooms).await?.into_iter();
        rooms
            .map(|room| RoomState::try_from(room).map(|room| (room.room_id, room)))
            .collect()
    }

    async fn save(&self, write: &ViewWrite) -> Result<Saved, ViewStoreError> {
        within(WRITE, writes::save(&self.0, write)).await?;
        Ok(Saved::View)
    }

    async fn rooms_of(&self, customer: CustomerId) -> Result<Vec<ChatRoomView>, ViewStoreError> {
        let rooms = async {
            let found = self
                .rooms()
                .find(doc! { "participantIds": customer.0 })
                .sort(doc! { "updatedAt": -1, "_id": -1 })
                .await?;
            Ok(found.try_collect::<Vec<_>>().await?)
        };
        let views = within(READ, rooms).await?.into_iter();
        views
            .filter_map(|room| {
                RoomState::try_from(room)
                    .map(|room| room.view())
                    .transpose()
            })
            .collect()
    }

    async fn is_member(&self, room: RoomId, customer: CustomerId) -> Result<bool, ViewStoreError> {
        let found = async {
            let rooms = self.0.collection::<Document>(ROOMS);
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
        let mut filter = doc! { "roomId": room.0 };
        if let Some(before) = page.before {
            filter.insert("messageId", doc! { "$lt": before.0 });
        }
        if let Some(after) = page.after_seq {
            filter.insert("seq", doc! { "$gt": after.0 });
        }
        let messages = async {
            let found = self
                .messages()
                .find(filter)
                .sort(doc! { "messageId": -1 })
                .limit(page.limit.into())
                .await?;
            Ok(found.try_collect::<Vec<_>>().await?)
        };
        let messages = within(READ, messages).await?;
        Ok(messages.into_iter().map(Into::into).collect())
    }

    async fn highest_seq(&self, room: RoomId) -> Result<Option<Seq>, ViewStoreError> {
        let found = async {
            let rooms = self.0.collection::<Document>(ROOMS);
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
            let collection = self.0.collection::<MarkerDocument>(MARKERS);
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

    async fn parked(&self, limit: u32) -> Result<Vec<ParkedEvent>, ViewStoreError> {
        let parked = async {
            let collection = self.0.collection::<ParkedDocument>(PARKED);
            let found = collection
                .find(doc! {})
                .sort(doc! { "topic": 1, "partition": 1, "offset": 1 })
                .limit(limit.into())
                .await?;
            Ok(found.try_collect::<Vec<_>>().await?)
        };
        let parked = within(READ, parked).await?.into_iter();
        parked.map(TryInto::try_into).collect()
    }
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
