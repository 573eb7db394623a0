//! From the event log to the sockets: one task reads every event, passes over what concerns no client of this node, and
//! pushes the others to the queues of their subscribers (ADR 034). Clients that take nothing hold it up for at most 50 ms at
//! once, and for 2 % of the time (ADR 022).

pub mod announced;
pub mod consumer;
pub mod encoding;
pub mod members;
pub mod message_sent;
pub mod pushed;
pub mod read_marker_updated;
pub mod read_status_updated;
pub mod recent;
pub mod registry;
pub mod room_updated;
pub mod seqs;
pub(crate) mod yield_budget;
