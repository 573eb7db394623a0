//! The push side: STOMP over WebSocket. Every node reads everything that happens and pushes what its own clients
//! subscribed to. It holds no truth, and what it could not push a client fetches from history (decision 18).

#![deny(missing_docs)]

pub mod addresses;
pub mod close_reason;
pub mod connection;
pub mod connections;
pub mod fanout;
pub mod frame_budget;
pub mod handshake;
mod meters;
#[cfg(feature = "planted-bugs")]
mod planted_bugs;
pub mod presence;
pub mod send_queue;
pub mod server;
pub mod session;
pub mod sessions;
pub mod settings;
pub mod sockjs;
pub mod stomp;
pub(crate) mod upgrade;
pub mod websocket;

pub use server::router;
pub use settings::Settings;
pub use websocket::{Access, Dependencies, Websocket};
