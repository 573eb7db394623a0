//! `chat-room-created`: how a room began is set once.

use colloquy_contracts::events::ChatRoomCreated;

use super::{Applied, Contradiction};
use crate::room_state::{Created, RoomState};

/// Sets how the room began.
///
/// # Errors
/// The room began otherwise.
pub fn apply(room: &mut RoomState, event: &ChatRoomCreated) -> Result<Applied, Contradiction> {
    let mut participants: Vec<_> = event.participants.iter().map(|one| one.id).collect();
    participants.sort_unstable();
    participants.dedup();
    let created = Created {
        room_name: event.room_name.clone(),
        created_by: event.created_by,
        created_at: event.created_at,
        participants,
    };
    match &room.created {
        None => {
            room.created = Some(created);
            Ok(Applied::Now)
        }
        Some(known) if *known == created => Ok(Applied::Before),
        Some(_) => Err(Contradiction),
    }
}
