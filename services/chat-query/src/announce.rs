//! What the read side tells the push side once its view is stored: room views and unread flags that changed.
//!
//! An announcement's event id is derived from the event that caused it, so a second one, after a crash between storing
//! and telling, is dropped by whoever heard the first (decision 9). It also carries how far its room had come, so that one
//! of a stalled projector, published behind a newer one of its successor, is known to be old.

use colloquy_contracts::{CustomerId, Topic, views::ReadStatus};
use colloquy_event_log::{EventLog, NewEvent, append_until_durable};

use crate::room_state::RoomState;

/// `room-updated`: the room as it is now, because of the event with this id; `None` until it is known how it began.
#[must_use]
pub fn room_updated(room: &RoomState, cause: &str) -> Option<NewEvent> {
    Some(NewEvent {
        topic: Topic::RoomUpdated,
        room_id: room.room_id,
        event_id: format!("room-updated:{cause}"),
        payload: json(&room.view()?),
        replayed: false,
        version: Some(room.progress()),
    })
}

/// `read-status-updated`: somebody's unread flag as it is now, because of the event with this id; `None` for somebody
/// who is not known to be in the room.
#[must_use]
pub fn read_status_updated(
    room: &RoomState,
    customer_id: CustomerId,
    cause: &str,
) -> Option<NewEvent> {
    let status = ReadStatus {
        room_id: room.room_id,
        customer_id,
        is_unread: room.unread(customer_id)?,
    };
    Some(NewEvent {
        topic: Topic::ReadStatusUpdated,
        room_id: room.room_id,
        event_id: format!("read-status:{cause}"),
        payload: json(&status),
        replayed: false,
        version: Some(room.progress()),
    })
}

/// Appends announcements and answers when every one is durable, however long the log is away.
pub async fn publish(log: &dyn EventLog, announcements: &[NewEvent]) {
    append_until_durable(log, announcements.to_vec()).await;
}

fn json(value: &impl serde::Serialize) -> bytes::Bytes {
    serde_json::to_vec(value)
        .expect("a view holds only strings and numbers")
        .into()
}
