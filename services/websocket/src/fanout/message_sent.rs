//! `chat-message-sent` → `/topic/message/roomId/{roomId}`. The value of the record is the body of the MESSAGE.

use colloquy_contracts::{Destination, events::ChatMessageSent};
use colloquy_event_log::Record;

use super::{
    registry::{Channel, Registry},
    seqs::{Arrival, Seqs},
    yield_budget::Queued,
};

/// Pushes one message to the room's subscribers, unless it was pushed before. Answers what was queued.
pub fn push(
    message: &ChatMessageSent,
    record: &Record,
    seqs: &mut Seqs,
    registry: &Registry,
) -> Queued {
    match seqs.note(message.room_id, message.seq) {
        Arrival::Repeat => {
            metrics::counter!("colloquy_websocket_repeats_dropped_total").increment(1);
            return Queued::default();
        }
        arrival @ (Arrival::AfterHole | Arrival::Late) => {
            tracing::warn!(room.id = %message.room_id, message.seq = %message.seq, ?arrival, "a message came out of order");
            metrics::counter!("colloquy_websocket_messages_out_of_order_total").increment(1);
        }
        Arrival::InOrder => {}
    }
    let destination = Destination::Message(message.room_id);
    registry.publish(destination, [Channel::Room(destination)], &record.payload)
}
