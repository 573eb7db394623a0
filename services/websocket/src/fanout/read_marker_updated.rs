//! `read-marker-updated` → `/topic/readMarkers/roomId/{roomId}`. The value of the record is the body of the MESSAGE.

use colloquy_contracts::{CustomerId, Destination, MessageId, RoomId, events::ReadMarkerUpdated};
use colloquy_event_log::Record;

use super::{
    recent::Recent,
    registry::{Channel, Registry},
    yield_budget::Queued,
};

/// The furthest marker that was pushed of each reader in each room. Of a reader that is forgotten an older one may be
/// pushed.
pub type Markers = Recent<(RoomId, CustomerId), Option<MessageId>>;

/// Pushes a marker to the room's subscribers, unless it or one beyond it was pushed: a marker never goes back. Answers
/// what was queued.
pub fn push(
    marker: &ReadMarkerUpdated,
    record: &Record,
    markers: &mut Markers,
    registry: &Registry,
) -> Queued {
    let furthest = markers.get_or_insert((marker.room_id, marker.customer_id));
    if *furthest >= Some(marker.last_read_message_id) {
        metrics::counter!("colloquy_websocket_old_read_markers_dropped_total").increment(1);
        return Queued::default();
    }
    *furthest = Some(marker.last_read_message_id);
    let destination = Destination::ReadMarkers(marker.room_id);
    registry.publish(destination, [Channel::Room(destination)], &record.payload)
}
