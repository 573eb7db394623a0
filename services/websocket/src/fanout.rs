//! From the event log to the sockets: one task reads every event, and pushes each message to the queues of its
//! subscribers. Nothing here waits for a client that takes nothing.

pub mod consumer;
pub mod encoding;
pub mod message_sent;
pub mod read_marker_updated;
pub mod read_status_updated;
pub mod recent;
pub mod registry;
pub mod room_updated;
pub mod seqs;
pub(crate) mod yield_budget;
