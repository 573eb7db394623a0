//! From the event log to the sockets: one task reads everything, and gives each message to the queues of those who
//! subscribed. Nothing here waits for a client.

pub mod consumer;
pub mod message_sent;
pub mod outbound;
pub mod read_marker_updated;
pub mod read_status_updated;
pub mod recent;
pub mod registry;
pub mod room_updated;
pub mod seqs;
pub(crate) mod turn;

#[cfg(feature = "planted-bugs")]
pub mod planted_bugs;
