//! `read-marker-updated`: a marker is a maximum by message id.

use colloquy_contracts::events::ReadMarkerUpdated;

use super::{Applied, raise};
use crate::room_state::RoomState;

/// Moves the marker forward to this message, never back.
pub fn apply(room: &mut RoomState, event: &ReadMarkerUpdated) -> Applied {
    raise(
        &mut room.markers,
        event.customer_id,
        event.last_read_message_id,
    )
}
