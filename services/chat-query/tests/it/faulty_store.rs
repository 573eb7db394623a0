//! A view store that refuses to save a few times before it does, and remembers what it was to save; or one that fails
//! once at each step of a rebuild.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use colloquy_chat_query::{
    RebuildStore, ViewStore,
    parked::{LogPosition, ParkedEvent},
    room_state::RoomState,
    view_store::{Extent, Page, Saved, ViewStoreError, ViewWrite},
};
use colloquy_contracts::{
    CustomerId, RoomId, Seq,
    views::{ChatRoomView, MessageDocument, ReadMarker},
};
use uuid::Uuid;

pub struct FaultyStore<S: ?Sized = dyn ViewStore> {
    store: Arc<S>,
    refusals: Mutex<VecDeque<ViewStoreError>>,
    tries: Mutex<Vec<ViewWrite>>,
    failing: Option<Failing>,
    failed: Mutex<HashSet<&'static str>>,
}

/// How every step of a rebuild fails the first time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Failing {
    /// Nothing is done.
    Before,
    /// All is done, but the answer is lost.
    After,
}

impl FaultyStore {
    pub fn new(
        store: Arc<dyn ViewStore>,
        refusals: impl IntoIterator<Item = ViewStoreError>,
    ) -> Self {
        Self {
            refusals: Mutex::new(refusals.into_iter().collect()),
            ..Self::failing(store, None)
        }
    }

    /// All that it was to save, in order.
    pub fn tries(&self) -> Vec<ViewWrite> {
        self.tries.lock().unwrap().clone()
    }

    pub fn refusals_left(&self) -> usize {
        self.refusals.lock().unwrap().len()
    }
}

impl<S: ?Sized> FaultyStore<S> {
    pub fn failing(store: Arc<S>, failing: Option<Failing>) -> Self {
        Self {
            store,
            refusals: Mutex::default(),
            tries: Mutex::default(),
            failing,
            failed: Mutex::default(),
        }
    }

    /// The steps that have failed.
    pub fn failed(&self) -> HashSet<&'static str> {
        self.failed.lock().unwrap().clone()
    }

    async fn step<T>(
        &self,
        name: &'static str,
        call: impl Future<Output = Result<T, ViewStoreError>>,
    ) -> Result<T, ViewStoreError> {
        let Some(failing) = self.failing else {
            return call.await;
        };
        if !self.failed.lock().unwrap().insert(name) {
            return call.await;
        }
        if failing == Failing::After {
            call.await?;
        }
        Err(ViewStoreError::Unavailable(name.into()))
    }
}

#[async_trait]
impl RebuildStore for FaultyStore<dyn RebuildStore> {
    async fn begin(
        &self,
        rebuild: Uuid,
        first_version: i64,
    ) -> Result<Arc<dyn ViewStore>, ViewStoreError> {
        let begun = self.store.begin(rebuild, first_version);
        let next = self.step("begin", begun).await?;
        Ok(Arc::new(FaultyStore::failing(next, self.failing)))
    }

    async fn lock(&self, rebuild: Uuid) -> Result<(), ViewStoreError> {
        self.step("lock", self.store.lock(rebuild)).await
    }

    async fn replace(&self, rebuild: Uuid) -> Result<(), ViewStoreError> {
        self.step("replace", self.store.replace(rebuild)).await
    }
}

#[async_trait]
impl<S: ViewStore + ?Sized> ViewStore for FaultyStore<S> {
    async fn prepare(&self) -> Result<(), ViewStoreError> {
        self.store.prepare().await
    }

    async fn load_rooms(
        &self,
        ids: &[RoomId],
    ) -> Result<HashMap<RoomId, RoomState>, ViewStoreError> {
        self.step("load", self.store.load_rooms(ids)).await
    }

    async fn save(&self, write: &ViewWrite) -> Result<Saved, ViewStoreError> {
        self.tries.lock().unwrap().push(write.clone());
        let refusal = self.refusals.lock().unwrap().pop_front();
        match refusal {
            Some(refusal) => Err(refusal),
            None => self.step("save", self.store.save(write)).await,
        }
    }

    async fn room(&self, room: RoomId) -> Result<Option<ChatRoomView>, ViewStoreError> {
        self.store.room(room).await
    }

    async fn rooms_of(&self, customer: CustomerId) -> Result<Vec<ChatRoomView>, ViewStoreError> {
        self.store.rooms_of(customer).await
    }

    async fn is_member(&self, room: RoomId, customer: CustomerId) -> Result<bool, ViewStoreError> {
        self.store.is_member(room, customer).await
    }

    async fn history(
        &self,
        room: RoomId,
        page: Page,
    ) -> Result<Vec<MessageDocument>, ViewStoreError> {
        self.store.history(room, page).await
    }

    async fn highest_seq(&self, room: RoomId) -> Result<Option<Seq>, ViewStoreError> {
        self.store.highest_seq(room).await
    }

    async fn markers(&self, room: RoomId) -> Result<Vec<ReadMarker>, ViewStoreError> {
        self.store.markers(room).await
    }

    async fn parked(
        &self,
        after: Option<&LogPosition>,
        limit: u32,
    ) -> Result<Vec<ParkedEvent>, ViewStoreError> {
        self.store.parked(after, limit).await
    }

    async fn count_parked(&self) -> Result<u64, ViewStoreError> {
        self.store.count_parked().await
    }

    async fn parked_at(
        &self,
        position: &LogPosition,
    ) -> Result<Option<ParkedEvent>, ViewStoreError> {
        self.store.parked_at(position).await
    }

    async fn keep_parked(&self, event: &ParkedEvent) -> Result<(), ViewStoreError> {
        self.store.keep_parked(event).await
    }

    async fn forget_parked(&self, position: &LogPosition) -> Result<(), ViewStoreError> {
        self.store.forget_parked(position).await
    }

    async fn extent(&self) -> Result<Extent, ViewStoreError> {
        self.step("extent", self.store.extent()).await
    }

    async fn lost_partitions(&self, of: &[i32]) -> Result<Vec<i32>, ViewStoreError> {
        self.store.lost_partitions(of).await
    }

    async fn note_partitions(&self, partitions: &[i32]) -> Result<(), ViewStoreError> {
        self.store.note_partitions(partitions).await
    }

    async fn abandon(&self, rebuild: Uuid) -> Result<(), ViewStoreError> {
        self.store.abandon(rebuild).await
    }
}
