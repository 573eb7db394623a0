//! What a node counts, and what each figure means.

use colloquy_chassis::figures;
use colloquy_contracts::Timestamp;

const QUEUED: &str = "colloquy_websocket_send_queue_bytes";
const DELAY: &str = "colloquy_websocket_push_delay_seconds";
const LONGEST: &str = "colloquy_websocket_send_queue_longest_bytes";

pub(crate) fn describe() {
    figures::gauges(&[
        (
            "colloquy_websocket_connections",
            "Clients that are connected to this node.",
        ),
        (
            "colloquy_websocket_subscriptions",
            "Subscriptions of the clients of this node.",
        ),
        (
            QUEUED,
            "Octets that wait to be written to the clients of this node, of all send queues together.",
        ),
        (LONGEST, "Octets that wait in the longest send queue."),
    ]);
    figures::histograms(&[(
        DELAY,
        "Age of a message when it is queued for its subscribers, from when it was recorded.",
    )]);
    figures::counters(&COUNTED);
}

/// Notes how old a message is when it is queued for its subscribers. Two machines' clocks may differ: none is younger than
/// nothing.
pub(crate) fn note_pushed(sent_at: Timestamp, now: Timestamp) {
    metrics::histogram!(DELAY).record(figures::seconds_between(sent_at, now));
}

/// Counts records that were passed over.
pub(crate) fn count_passed_over(records: u64) {
    if records > 0 {
        metrics::counter!(PASSED_OVER).increment(records);
    }
}

/// Sets the gauges of the send queues.
pub(crate) fn set_waiting(queues: impl Iterator<Item = usize>) {
    let (all, longest) = queues.fold((0, 0), |(all, longest), octets| {
        (all + octets as u64, longest.max(octets as u64))
    });
    metrics::gauge!(QUEUED).set(figures::amount(all));
    metrics::gauge!(LONGEST).set(figures::amount(longest));
}

const PASSED_OVER: &str = "colloquy_websocket_records_passed_over_total";

const COUNTED: [(&str, &str); 14] = [
    (
        PASSED_OVER,
        "Records of the log that no client of this node is to get, recognised by their room.",
    ),
    (
        "colloquy_websocket_deliveries_total",
        "Frames that were queued for clients.",
    ),
    (
        "colloquy_websocket_slow_consumers_closed_total",
        "Clients that were closed because they took too little of what waited for them (4500).",
    ),
    (
        "colloquy_websocket_positions_lost_total",
        "Times that the log no longer held what comes next: all clients were closed, and catch up.",
    ),
    (
        "colloquy_websocket_repeats_dropped_total",
        "Messages that came from the log again.",
    ),
    (
        "colloquy_websocket_messages_out_of_order_total",
        "Messages that left a hole in their room's seqs.",
    ),
    (
        "colloquy_websocket_unreadable_records_total",
        "Records of the log that cannot be read, and are not pushed.",
    ),
    (
        "colloquy_websocket_old_read_markers_dropped_total",
        "Read markers that came behind newer ones.",
    ),
    (
        "colloquy_websocket_old_room_updates_dropped_total",
        "Updates of rooms that came behind newer ones.",
    ),
    (
        "colloquy_websocket_old_read_statuses_dropped_total",
        "Unread flags that came behind newer ones.",
    ),
    (
        "colloquy_websocket_unreadable_bodies_total",
        "SENDs of clients whose body is not what the contract says.",
    ),
    (
        "colloquy_websocket_presence_calls_failed_total",
        "Calls of the store of who is online that failed.",
    ),
    (
        "colloquy_websocket_connections_refused_total",
        "Connections that were refused because their address has too many.",
    ),
    (
        "colloquy_websocket_sessions_refused_total",
        "Sessions that ended with an ERROR frame.",
    ),
];
