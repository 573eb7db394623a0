//! From the event log to the sockets: one task reads every event, and pushes each message to the queues of its
//! subscribers. Clients that take nothing hold it up for at most 50 ms at once, and for
//! 2 % of the time (ADR 022).

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
