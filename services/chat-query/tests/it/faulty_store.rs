//! A view store that refuses to save a few times before it does, and remembers what it was to save.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use colloquy_chat_query::{
    ViewStore,
    parked::{ParkedEvent, Place},
    room_state::RoomState,
    view_store::{Extent, Page, Saved, ViewStoreError, ViewWrite},
};
use colloquy_contracts::{
    CustomerId, RoomId, Seq,
    views::{ChatRoomView, MessageDocument, ReadMarker},
};
use uuid::Uuid;

pub struct FaultyStore {
    store: Arc<dyn ViewStore>,
    refusals: Mutex<VecDeque<ViewStoreError>>,
    tries: Mutex<Vec<ViewWrite>>,
}

impl FaultyStore {
    pub fn new(
        store: Arc<dyn ViewStore>,
        refusals: impl IntoIterator<Item = ViewStoreError>,
    ) -> Self {
        let refusals = Mutex::new(refusals.into_iter().collect());
        Self {
            store,
            refusals,
            tries: Mutex::default(),
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

#[async_trait]
impl ViewStore for FaultyStore {
    async fn prepare(&self) -> Result<(), ViewStoreError> {
        self.store.prepare().await
    }

    async fn load_rooms(
        &self,
        ids: &[RoomId],
    ) -> Result<HashMap<RoomId, RoomState>, ViewStoreError> {
        self.store.load_rooms(ids).await
    }

    async fn save(&self, write: &ViewWrite) -> Result<Saved, ViewStoreError> {
        self.tries.lock().unwrap().push(write.clone());
        let refusal = self.refusals.lock().unwrap().pop_front();
        match refusal {
            Some(refusal) => Err(refusal),
            None => self.store.save(write).await,
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
        after: Option<&Place>,
        limit: u32,
    ) -> Result<Vec<ParkedEvent>, ViewStoreError> {
        self.store.parked(after, limit).await
    }

    async fn parked_at(&self, place: &Place) -> Result<Option<ParkedEvent>, ViewStoreError> {
        self.store.parked_at(place).await
    }

    async fn keep_parked(&self, event: &ParkedEvent) -> Result<(), ViewStoreError> {
        self.store.keep_parked(event).await
    }

    async fn forget_parked(&self, place: &Place) -> Result<(), ViewStoreError> {
        self.store.forget_parked(place).await
    }

    async fn extent(&self) -> Result<Extent, ViewStoreError> {
        self.store.extent().await
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
