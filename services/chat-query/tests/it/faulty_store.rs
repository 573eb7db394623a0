//! A view store that refuses to save a few times before it does.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use colloquy_chat_query::{
    ViewStore,
    parked::{ParkedEvent, Place},
    room_state::RoomState,
    view_store::{Page, Saved, ViewStoreError, ViewWrite},
};
use colloquy_contracts::{
    CustomerId, RoomId, Seq,
    views::{ChatRoomView, MessageDocument, ReadMarker},
};
use uuid::Uuid;

pub struct FaultyStore {
    store: Arc<dyn ViewStore>,
    refusals: Mutex<VecDeque<ViewStoreError>>,
}

impl FaultyStore {
    pub fn new(
        store: Arc<dyn ViewStore>,
        refusals: impl IntoIterator<Item = ViewStoreError>,
    ) -> Self {
        let refusals = Mutex::new(refusals.into_iter().collect());
        Self { store, refusals }
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

    async fn abandon(&self, rebuild: Uuid) -> Result<(), ViewStoreError> {
        self.store.abandon(rebuild).await
    }
}
