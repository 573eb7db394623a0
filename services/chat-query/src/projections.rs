//! How each event of the write side changes what is known of its room. Pure, idempotent and in any order (decision 7).

pub mod message_sent;
pub mod read_marker_updated;
pub mod room_created;

use colloquy_contracts::events::WriteEvent;

use crate::room_state::RoomState;

/// Whether an event changed the state of its room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It did.
    Now,
    /// The state already held all it says: a repeat, or something older than what is known.
    Before,
}

/// The event contradicts what is known of its room: applied in another order, the view would be another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the room was created before with other content")]
pub struct Contradiction;

/// Folds an event into the state of its room.
///
/// # Errors
/// The event contradicts an earlier one; the state is as it was.
pub fn apply(room: &mut RoomState, event: &WriteEvent) -> Result<Applied, Contradiction> {
    match event {
        WriteEvent::RoomCreated(event) => room_created::apply(room, event),
        WriteEvent::MessageSent(event) => Ok(message_sent::apply(room, event)),
        WriteEvent::ReadMarkerUpdated(event) => Ok(read_marker_updated::apply(room, event)),
    }
}
