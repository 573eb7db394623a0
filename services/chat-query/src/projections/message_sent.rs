//! `chat-message-sent`: the newest message of the room, and of its sender, is a maximum by message id.

use std::collections::btree_map::Entry;

use colloquy_contracts::{events::ChatMessageSent, views::LastMessage};

use super::Applied;
use crate::room_state::RoomState;

/// Raises the newest messages to this one.
pub fn apply(room: &mut RoomState, event: &ChatMessageSent) -> Applied {
    let newest = room.last_message.as_ref().map(|last| last.message_id);
    if newest < Some(event.message_id) {
        room.last_message = Some(LastMessage {
            message_id: event.message_id,
            sender_id: event.sender_id,
            content: event.content.clone(),
            sent_at: event.sent_at,
            seq: event.seq,
        });
    }
    match room.last_by_sender.entry(event.sender_id) {
        Entry::Vacant(silent) => {
            silent.insert(event.message_id);
        }
        Entry::Occupied(mut highest) if *highest.get() < event.message_id => {
            highest.insert(event.message_id);
        }
        Entry::Occupied(_) => return Applied::Before,
    }
    Applied::Now
}
