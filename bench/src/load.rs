//! The clients: a crowd on one thread that reads, counts and checks, and does nothing else.

pub mod arrivals;
pub mod closed_loop;
pub mod crowd;
pub mod handshake;
pub mod pace;
pub mod seq_watch;
pub mod websocket;

pub use arrivals::Arrivals;
pub use crowd::{Crowd, Visitor};
