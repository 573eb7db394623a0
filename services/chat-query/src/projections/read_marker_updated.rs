//! `read-marker-updated`: a marker is a maximum by message id.

use std::collections::btree_map::Entry;

use colloquy_contracts::events::ReadMarkerUpdated;

use super::Applied;
use crate::room_state::RoomState;

/// Moves the marker forward to this message, never back.
pub fn apply(room: &mut RoomState, event: &ReadMarkerUpdated) -> Applied {
    match room.markers.entry(event.customer_id) {
        Entry::Vacant(unmarked) => {
            unmarked.insert(event.last_read_message_id);
        }
        Entry::Occupied(mut marker) if *marker.get() < event.last_read_message_id => {
            marker.insert(event.last_read_message_id);
        }
        Entry::Occupied(_) => return Applied::Before,
    }
    Applied::Now
}
