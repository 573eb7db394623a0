//! The port to wherever the views live: what queries read and what the projector writes.

#![deny(missing_docs)]

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod mongodb;
pub mod sqlite;

use std::{collections::HashMap, error::Error};

use async_trait::async_trait;
use colloquy_chassis::{Failure, Kind};
use colloquy_contracts::{
    CustomerId, MessageId, RoomId, Seq,
    views::{ChatRoomView, MessageDocument, ReadMarker},
};
use colloquy_event_log::NewEvent;

use crate::{parked::ParkedEvent, room_state::RoomState};

/// All that one batch of events changes.
#[derive(Clone, Debug)]
pub struct ViewWrite {
    /// Messages told; some may be stored already.
    pub messages: Vec<MessageDocument>,
    /// Markers told, each as high as it is known now; the highest ever stored stays.
    pub markers: Vec<ReadMarker>,
    /// Rooms as they are after the batch, with the version they were loaded at.
    pub rooms: Vec<RoomState>,
    /// Events set aside; some may be stored already.
    pub parked: Vec<ParkedEvent>,
    /// What to announce once all of the above is stored.
    pub announcements: Vec<NewEvent>,
    /// How far the log has been read when all of the above is stored.
    pub position: Position,
}

/// The last record of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Whose position it is.
    pub group: &'static str,
    /// The offset of the last record read; meaningful only where the log is one sequence.
    pub offset: i64,
}

/// What a write has done, and so what is left to its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// The view alone: the caller publishes the announcements and then commits the position.
    View,
    /// View, announcements and position, in one transaction.
    Everything,
}

/// A page of a room's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Only messages with a lower id.
    pub before: Option<MessageId>,
    /// Only messages with a higher seq.
    pub after_seq: Option<Seq>,
    /// At most this many.
    pub limit: u32,
}

/// Why a view store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ViewStoreError {
    /// It is down, slow or full: the same call may succeed later.
    #[error("the view store is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// A room is not stored at the version it was loaded at: load and fold again.
    #[error("a room has been stored by somebody else")]
    Conflict,
    /// These messages, by their place in the write, have the id or the seq of another one that is stored.
    #[error("{} messages have the id or the seq of another", .0.len())]
    Clash(Vec<usize>),
    /// A defect: a statement the store does not understand, or a document that does not decode.
    #[error("the view store refused a call")]
    Defect(#[source] Box<dyn Error + Send + Sync>),
}

impl Failure for ViewStoreError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unavailable(_) | Self::Conflict => Kind::Unavailable,
            Self::Clash(_) | Self::Defect(_) => Kind::Internal,
        }
    }
}

/// Where the views live. Every call that fails has changed nothing that a repeat of it would not mend.
#[async_trait]
pub trait ViewStore: Send + Sync + 'static {
    /// Makes what is missing before the first write, such as indexes. Harmless to repeat.
    ///
    /// # Errors
    /// The store is unavailable.
    async fn prepare(&self) -> Result<(), ViewStoreError>;

    /// What is stored of these rooms; those never stored are absent.
    ///
    /// # Errors
    /// The store is unavailable, or a defect.
    async fn load_rooms(
        &self,
        ids: &[RoomId],
    ) -> Result<HashMap<RoomId, RoomState>, ViewStoreError>;

    /// Stores what a batch changes. A room is visible only with its messages and markers. Harmless to repeat, in whole
    /// or in part; a room's version grows by one each time.
    ///
    /// # Errors
    /// Any [`ViewStoreError`]. After [`ViewStoreError::Conflict`] and [`ViewStoreError::Clash`] part of the write may
    /// be stored, but no room at a version that lacks a message, and neither announcements nor position.
    async fn save(&self, write: &ViewWrite) -> Result<Saved, ViewStoreError>;

    /// The rooms a customer is in, newest `updatedAt` first; of two equally new the one with the higher id.
    ///
    /// # Errors
    /// The store is unavailable, or a defect.
    async fn rooms_of(&self, customer: CustomerId) -> Result<Vec<ChatRoomView>, ViewStoreError>;

    /// Whether the customer is in the room; `false` for a room whose beginning is not stored.
    ///
    /// # Errors
    /// The store is unavailable, or a defect.
    async fn is_member(&self, room: RoomId, customer: CustomerId) -> Result<bool, ViewStoreError>;

    /// A page of a room's messages, newest first; empty for a room that is not known.
    ///
    /// # Errors
    /// The store is unavailable, or a defect.
    async fn history(
        &self,
        room: RoomId,
        page: Page,
    ) -> Result<Vec<MessageDocument>, ViewStoreError>;

    /// The seq of the newest message of a room: all messages up to it are stored.
    ///
    /// # Errors
    /// The store is unavailable, or a defect.
    async fn highest_seq(&self, room: RoomId) -> Result<Option<Seq>, ViewStoreError>;

    /// The read markers of a room, by customer; empty for a room that is not known.
    ///
    /// # Errors
    /// The store is unavailable, or a defect.
    async fn markers(&self, room: RoomId) -> Result<Vec<ReadMarker>, ViewStoreError>;

    /// Events set aside, in the order of topic, partition and offset, at most `limit`.
    ///
    /// # Errors
    /// The store is unavailable, or a defect.
    async fn parked(&self, limit: u32) -> Result<Vec<ParkedEvent>, ViewStoreError>;
}

/// A read marker under its id (decision 4).
#[must_use]
pub fn read_marker(room_id: RoomId, customer_id: CustomerId, last_read: MessageId) -> ReadMarker {
    ReadMarker {
        id: format!("{room_id}:{customer_id}"),
        room_id,
        customer_id,
        last_read_message_id: last_read,
    }
}
