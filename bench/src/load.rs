//! The clients: a crowd on one thread that reads, counts and checks, and does nothing else.

pub mod crowd;
pub mod handshake;
pub mod seq_watch;
pub mod websocket;

pub use crowd::{Crowd, Visitor};
