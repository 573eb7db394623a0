//! The port to the store of the views: what queries read and what the projector writes.

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
#[derive(Clone, Debug, Default)]
pub struct ViewWrite {
    /// New messages; some may be stored already.
    pub messages: Vec<MessageDocument>,
    /// Markers that moved, each as high as it is known now; the highest ever stored stays.
    pub markers: Vec<ReadMarker>,
    /// Rooms as they are after the batch, with the version they were loaded at.
    pub rooms: Vec<RoomState>,
    /// Parked events; some may be stored already.
    pub parked: Vec<ParkedEvent>,
    /// What to announce once all of the above is stored.
    pub announcements: Vec<NewEvent>,
    /// How far the log is read when all of the above is stored; `None` if the batch was not read in its turn.
    pub position: Option<GroupPosition>,
}

/// How far a group has read the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupPosition {
    /// The group.
    pub group: &'static str,
    /// The offset of the last record read; meaningful only where the log is one sequence.
    pub offset: i64,
}

/// What a write has stored, which says what its caller still has to do.
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
    /// Missing beginnings of rooms, and missing messages below the newest of their room.
    pub missing: u64,
}

/// The answer of a call of the view store.
pub type Result<T, E = ViewStoreError> = std::result::Result<T, E>;

/// Why a call of the view store failed.
#[derive(Debug, thiserror::Error)]
pub enum ViewStoreError {
    /// The store is down, slow or full: the same call may succeed later.
    #[error("the view store is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// A room is not stored at the version it was loaded at: load and fold again.
    #[error("a room has been stored by another writer")]
    Conflict,
    /// The views are locked, because those of this rebuild are about to replace them: load again when they have.
    #[error("the views are being replaced")]
    Locked(Uuid),
    /// These messages, by their index in the write, have the id or the seq of another stored message.
    #[error("{} messages have the id or the seq of another message", .0.len())]
    Clash(Vec<usize>),
    /// The disk has damaged what was stored. The views have to be rebuilt.
    #[error("what is stored of {} is damaged: rebuild the views", damaged(*.room, *.message))]
    Damaged {
        /// The damaged room, or the room of the damaged message.
        room: RoomId,
        /// The damaged message; none if it is the room itself.
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

/// The store of the views. What a failed call has left half done, the same call mends.
///
/// # Errors
/// Every call may answer [`ViewStoreError::Unavailable`], and [`ViewStoreError::Defect`] for what is no fault of the caller's;
/// a call with other errors names them.
#[async_trait]
pub trait ViewStore: Send + Sync + 'static {
    /// Makes what the first write needs, such as indexes. Harmless to repeat.
    async fn prepare(&self) -> Result<()> {
        Ok(())
    }

    /// The stored state of these rooms, to fold events into; rooms that were never stored are absent. A batch is saved only
    /// after this call, also a batch of no room: the call shows whether the views are locked.
    ///
    /// # Errors
    /// [`ViewStoreError::Locked`], or [`ViewStoreError::Damaged`] for one of the rooms.
    async fn load_rooms(&self, ids: &[RoomId]) -> Result<HashMap<RoomId, RoomState>>;

    /// Stores what a batch changes. A room is visible only with its messages and markers. Harmless to repeat, in whole
    /// or in part; a room's version grows by one each time.
    ///
    /// # Errors
    /// Any [`ViewStoreError`]. After [`ViewStoreError::Conflict`] and [`ViewStoreError::Clash`] part of the write may
    /// be stored, but no room at a version that lacks a message, and neither announcements nor position.
    async fn save(&self, write: &ViewWrite) -> Result<Saved>;

    /// A room as its members see it; `None` for one whose beginning is not stored.
    async fn room(&self, room: RoomId) -> Result<Option<ChatRoomView>>;

    /// The rooms a customer is in, by [`ChatRoomView::newest_id`], the greatest first.
    async fn rooms_of(&self, customer: CustomerId) -> Result<Vec<ChatRoomView>>;

    /// Whether the customer is in the room; `false` for a room whose beginning is not stored.
    async fn is_member(&self, room: RoomId, customer: CustomerId) -> Result<bool>;

    /// A page of a room's messages, newest first; empty for a room that is not known.
    async fn history(&self, room: RoomId, page: Page) -> Result<Vec<MessageDocument>>;

    /// The seq of the newest message of a room: all messages up to it are stored.
    async fn highest_seq(&self, room: RoomId) -> Result<Option<Seq>>;

    /// The read markers of a room, by customer; empty for a room that is not known.
    async fn markers(&self, room: RoomId) -> Result<Vec<ReadMarker>>;

    /// Parked events behind `after`, at most `limit`, in the order of topic, partition and offset.
    async fn parked(&self, after: Option<&LogPosition>, limit: u32) -> Result<Vec<ParkedEvent>>;

    /// How many events are parked.
    async fn count_parked(&self) -> Result<u64>;

    /// The parked event that was at this position of the log.
    async fn parked_at(&self, position: &LogPosition) -> Result<Option<ParkedEvent>> {
        let before = LogPosition {
            offset: position.offset.saturating_sub(1),
            ..*position
        };
        let next = self.parked(Some(&before), 1).await?;
        Ok(next.into_iter().find(|event| event.position == *position))
    }

    /// Stores the new reason and number of tries of an event that is still parked.
    async fn keep_parked(&self, event: &ParkedEvent) -> Result<()>;

    /// Deletes a parked event, once it is projected.
    async fn forget_parked(&self, position: &LogPosition) -> Result<()>;

    /// How much is stored, which may take minutes. A store that is written to meanwhile may count some of it.
    async fn extent(&self) -> Result<Extent>;

    /// Of these partitions of the log those that the views may not hold from the beginning: they were never noted, or the
    /// views were wiped, and the note with them. A store that keeps the positions in the views loses both together, and
    /// has nothing to note.
    async fn lost_partitions(&self, _of: &[i32]) -> Result<Vec<i32>> {
        Ok(Vec::new())
    }

    /// Notes that these partitions are read into the views from the beginning, after the group's position was moved there.
    /// Harmless to repeat.
    async fn note_partitions(&self, _partitions: &[i32]) -> Result<()> {
        Ok(())
    }

    /// Removes the views that this rebuild has begun, and unlocks those in use if it has locked them: it can no longer
    /// replace them. Harmless to repeat, also after it has replaced them.
    ///
    /// # Errors
    /// The store is unavailable; the same call mends whatever is half done.
    async fn abandon(&self, rebuild: Uuid) -> Result<()>;
}

/// Views that can be built beside those in use and then replace them (decision 14).
///
/// Projectors go on meanwhile. The order makes that sound: the views in use are locked, *then* the end of the log is noted,
/// and they are replaced only when everything up to that end has been built. A batch that was loaded before the lock has
/// only events from before that end, so the new views have them too; a part of it that is stored late meets rooms at
/// versions that the old views never had, which is a conflict.
#[async_trait]
pub trait RebuildStore: ViewStore {
    /// Makes empty views beside those in use, and removes those that an earlier rebuild has begun. Rooms that are stored
    /// in them get versions above `first_version`, which must differ between rebuilds. No partition counts as lost to
    /// them: they are filled from the beginning of all.
    ///
    /// # Errors
    /// The store is unavailable, or locked by another rebuild, which is about to end.
    async fn begin(&self, rebuild: Uuid, first_version: i64) -> Result<Arc<dyn ViewStore>>;

    /// Locks the views in use: no projector loads rooms to fold into them, until [`RebuildStore::replace`] or
    /// [`ViewStore::abandon`]. Everything else goes on. Harmless to repeat.
    ///
    /// # Errors
    /// The store is unavailable, another rebuild has locked it, or a later one has removed this one's views.
    async fn lock(&self, rebuild: Uuid) -> Result<()>;

    /// Replaces the views in use with those of this rebuild, and unlocks them. A reader misses nothing, if the new views
    /// have what the old ones had.
    ///
    /// # Errors
    /// The store is unavailable, or not locked by this rebuild any more. What is half done is whole for readers; the same
    /// call does the rest.
    async fn replace(&self, rebuild: Uuid) -> Result<()>;
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

/// Another rebuild has the turn of this one.
#[derive(Debug, thiserror::Error)]
#[error("another rebuild has begun, or this one took too long to end")]
pub(crate) struct Overtaken;

impl From<Overtaken> for ViewStoreError {
    fn from(overtaken: Overtaken) -> Self {
        Self::Defect(overtaken.into())
    }
}

/// The views of rooms in the order in which they are listed. Two have an equal id only if one is of a release that drew the ids of rooms
/// and messages from two sequences.
pub(crate) fn listed(rooms: impl Iterator<Item = Result<RoomState>>) -> Result<Vec<ChatRoomView>> {
    let views = rooms.filter_map(|room| room.map(|room| room.view()).transpose());
    let mut views = views.collect::<Result<Vec<_>>>()?;
    views.sort_unstable_by_key(|room| Reverse((room.newest_id(), room.room_id)));
    Ok(views)
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
