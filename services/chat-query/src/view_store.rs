//! The port to wherever the views live: what queries read and what the projector writes.

#![deny(missing_docs)]

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod mongodb;
pub mod sqlite;

use std::{cmp::Reverse, collections::HashMap, error::Error, sync::Arc};

use async_trait::async_trait;
use colloquy_chassis::{Failure, Kind};
use colloquy_contracts::{
    CustomerId, MessageId, RoomId, Seq,
    views::{ChatRoomView, MessageDocument, ReadMarker},
};
use colloquy_event_log::NewEvent;

use uuid::Uuid;

use crate::{
    parked::{LogPosition, ParkedEvent},
    room_state::RoomState,
};

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
    /// How far the log has been read when all of the above is stored; `None` if this was not read in its turn.
    pub position: Option<GroupPosition>,
}

/// The last record of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupPosition {
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

/// How much views hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Rooms whose beginning is stored.
    pub rooms: u64,
    /// Messages.
    pub messages: u64,
    /// What must have been and is not there: beginnings of rooms, and messages below the newest of their room.
    pub missing: u64,
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
    /// These views are about to be replaced by those of this rebuild: load again when they are.
    #[error("the views are being replaced")]
    Locked(Uuid),
    /// These messages, by their place in the write, have the id or the seq of another one that is stored.
    #[error("{} messages have the id or the seq of another message", .0.len())]
    Clash(Vec<usize>),
    /// What is stored is not what was: the disk has damaged it. The views have to be rebuilt.
    #[error("what is stored of {} is damaged: rebuild the views", damaged(*.room, *.message))]
    Damaged {
        /// The room.
        room: RoomId,
        /// The message of that room; none if it is the room itself.
        message: Option<MessageId>,
    },
    /// A defect: a statement the store does not understand, or a document that does not decode.
    #[error("the view store refused a call")]
    Defect(#[source] Box<dyn Error + Send + Sync>),
}

impl Failure for ViewStoreError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unavailable(_) | Self::Conflict | Self::Locked(_) => Kind::Unavailable,
            Self::Clash(_) | Self::Damaged { .. } | Self::Defect(_) => Kind::Internal,
        }
    }
}

fn damaged(room: RoomId, message: Option<MessageId>) -> String {
    match message {
        Some(message) => format!("message {message} of room {room}"),
        None => format!("room {room}"),
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

    /// What is stored of these rooms, for whoever folds events into them; those never stored are absent. A batch is saved
    /// only after this, also one that is about no room: it tells whether the views are held.
    ///
    /// # Errors
    /// The store is unavailable, a defect, [`ViewStoreError::Locked`], or [`ViewStoreError::Damaged`] for one of the rooms.
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

    /// A room as its members see it; `None` for one whose beginning is not stored.
    ///
    /// # Errors
    /// The store is unavailable, or a defect.
    async fn room(&self, room: RoomId) -> Result<Option<ChatRoomView>, ViewStoreError>;

    /// The rooms a customer is in, by [`ChatRoomView::newest_id`], the greatest first.
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

    /// Events set aside, in the order of topic, partition and offset, behind `after`, at most `limit`.
    ///
    /// # Errors
    /// The store is unavailable, or a defect.
    async fn parked(
        &self,
        after: Option<&LogPosition>,
        limit: u32,
    ) -> Result<Vec<ParkedEvent>, ViewStoreError>;

    /// The event that was set aside at this place of the log.
    ///
    /// # Errors
    /// The store is unavailable, or a defect.
    async fn parked_at(
        &self,
        position: &LogPosition,
    ) -> Result<Option<ParkedEvent>, ViewStoreError>;

    /// Keeps a parked event as it is now, if it is still parked: tried once more, for another reason.
    ///
    /// # Errors
    /// The store is unavailable, or a defect.
    async fn keep_parked(&self, event: &ParkedEvent) -> Result<(), ViewStoreError>;

    /// Forgets a parked event, once it is projected.
    ///
    /// # Errors
    /// The store is unavailable, or a defect.
    async fn forget_parked(&self, position: &LogPosition) -> Result<(), ViewStoreError>;

    /// How much is stored, which may take minutes. A store that is written to meanwhile may count some of it.
    ///
    /// # Errors
    /// The store is unavailable, or a defect.
    async fn extent(&self) -> Result<Extent, ViewStoreError>;

    /// Of these partitions of the log those that these views may not hold from the beginning: that was never noted, or
    /// the views were wiped since, and the note with them. A store that keeps positions itself has nothing to note: they
    /// go with the views.
    ///
    /// # Errors
    /// The store is unavailable, or a defect.
    async fn lost_partitions(&self, of: &[i32]) -> Result<Vec<i32>, ViewStoreError>;

    /// Notes that these partitions are read into these views from the beginning. Harmless to repeat. First the position
    /// is moved there, then this is called.
    ///
    /// # Errors
    /// The store is unavailable.
    async fn note_partitions(&self, partitions: &[i32]) -> Result<(), ViewStoreError>;

    /// Forgets the views that this rebuild has begun, and lets go of those in use if it holds them: it can no longer
    /// put the one in the place of the other. Harmless to repeat, also after it has.
    ///
    /// # Errors
    /// The store is unavailable; the same call mends whatever is half done.
    async fn abandon(&self, rebuild: Uuid) -> Result<(), ViewStoreError>;
}

/// Views that can be built beside those in use and then put in their place (decision 14).
///
/// Whoever projects goes on meanwhile. What makes that sound is the order: the views in use are held, *then* the end of
/// the log is noted, and only when everything up to there has been built are they replaced. A batch that was loaded
/// before the hold holds only events from before that end, so the new views have them too; whatever part of it is
/// stored late meets rooms at versions that the views before never had, which is a conflict.
#[async_trait]
pub trait RebuildStore: ViewStore {
    /// Makes empty views beside those in use, and forgets those that an earlier rebuild has begun. Rooms that are
    /// stored in them have versions above `first_version`, which must be another one for each rebuild. No partition
    /// counts as lost to them: they are filled from the beginning of all.
    ///
    /// # Errors
    /// The store is unavailable, or held by another rebuild, which is about to end.
    async fn begin(
        &self,
        rebuild: Uuid,
        first_version: i64,
    ) -> Result<Arc<dyn ViewStore>, ViewStoreError>;

    /// From now on nobody loads rooms of the views in use to fold into them, until [`RebuildStore::replace`] or
    /// [`ViewStore::abandon`]. Everything else goes on. Harmless to repeat.
    ///
    /// # Errors
    /// The store is unavailable, another rebuild holds it, or a later one has forgotten this one's views.
    async fn lock(&self, rebuild: Uuid) -> Result<(), ViewStoreError>;

    /// Puts the views of this rebuild in the place of those in use. No reader sees anything missing, if the new ones
    /// have what the old ones had.
    ///
    /// # Errors
    /// The store is unavailable, or this rebuild does not hold it any more. What is half done is whole for readers; the
    /// same call does the rest.
    async fn replace(&self, rebuild: Uuid) -> Result<(), ViewStoreError>;
}

impl Extent {
    /// From rooms with and without a beginning, messages, and the sum of the rooms' newest seqs: seqs have no gap.
    pub(crate) fn counted(rooms: i64, unknown: i64, messages: i64, newest: i64) -> Self {
        let count = |number: i64| u64::try_from(number).unwrap_or(0);
        Self {
            rooms: count(rooms),
            messages: count(messages),
            missing: count(unknown) + count(newest - messages),
        }
    }
}

/// This rebuild lost its turn.
#[derive(Debug, thiserror::Error)]
#[error("another rebuild has begun, or this one took too long to end")]
pub(crate) struct Overtaken;

impl From<Overtaken> for ViewStoreError {
    fn from(overtaken: Overtaken) -> Self {
        Self::Defect(overtaken.into())
    }
}

/// Rooms in the order in which they are listed. Only ids of before they were drawn from one sequence can be equal.
pub(crate) fn listed(mut rooms: Vec<ChatRoomView>) -> Vec<ChatRoomView> {
    rooms.sort_unstable_by_key(|room| Reverse((room.newest_id(), room.room_id)));
    rooms
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

#[cfg(test)]
mod tests {
    use ::mongodb::bson::{Bson, DateTime, doc};
    use colloquy_contracts::Timestamp;

    use super::*;
    use crate::room_state::Created;

    /// Other tools read these collections, and their indexes are on these fields.
    #[test]
    fn contract_7_documents_have_the_names_and_the_ids_of_the_contract() {
        let at = Timestamp::from_millis(1_700_000_000_120);
        let created = Created {
            room_name: "Room".into(),
            created_by: CustomerId(1),
            created_at: at,
            participants: vec![CustomerId(1), CustomerId(2)],
        };
        let room = RoomState {
            created: Some(created),
            ..RoomState::unknown(RoomId(7))
        };
        let message = MessageDocument {
            message_id: MessageId(11),
            room_id: RoomId(7),
            sender_id: CustomerId(2),
            sender_full_name: "Member".into(),
            content: "hello".into(),
            sent_at: at,
            seq: Seq(1),
            client_key: Some("key-11".into()),
        };
        let date = DateTime::from_millis(at.millis());
        let [room, message] = mongodb::stored(&room, &message);
        for (name, value) in [
            ("_id", Bson::Int64(7)),
            ("roomName", "Room".into()),
            ("participantIds", vec![1_i64, 2].into()),
            ("createdBy", Bson::Int64(1)),
            ("createdAt", date.into()),
            ("updatedAt", date.into()),
        ] {
            assert_eq!(room.get(name), Some(&value), "{name}");
        }
        assert_eq!(
            message,
            doc! {
                "_id": 11_i64, "messageId": 11_i64, "roomId": 7_i64, "senderId": 2_i64,
                "senderFullName": "Member", "content": "hello", "sentAt": date, "seq": 1_i64,
                "clientKey": "key-11",
            }
        );
    }
}
