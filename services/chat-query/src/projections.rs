//! How each event of the write side changes the state of its room. Pure, idempotent and in any order (decision 7).

pub mod message_sent;
pub mod read_marker_updated;
pub mod room_created;

use std::collections::BTreeMap;

use colloquy_contracts::{CustomerId, MessageId, events::WriteEvent};

use crate::room_state::RoomState;

/// Whether an event has changed the state of its room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The event has changed it.
    Now,
    /// The state had all that the event says: a repeat, or an older event than a known one.
    Before,
}

/// The event contradicts an earlier one of its room: applied in another order, they would make another view.
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

/// Raises a customer's highest message to this one, never back.
fn raise(
    highest: &mut BTreeMap<CustomerId, MessageId>,
    customer: CustomerId,
    to: MessageId,
) -> Applied {
    if highest.get(&customer) >= Some(&to) {
        return Applied::Before;
    }
    highest.insert(customer, to);
    Applied::Now
}
