//! `chat-message-sent`: the newest message of the room, and of its sender, is a maximum by message id.

use colloquy_contracts::{events::ChatMessageSent, views::LastMessage};

use super::{Applied, raise};
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
    raise(&mut room.last_by_sender, event.sender_id, event.message_id)
}
