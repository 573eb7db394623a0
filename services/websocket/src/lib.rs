//! The push side: STOMP over WebSocket. Every node reads everything that happens and pushes what its own clients
//! subscribed to. It holds no truth, and what it could not push a client fetches from history (decision 18).

#![deny(missing_docs)]

pub mod addresses;
pub mod connection;
pub mod connections;
pub mod fanout;
pub mod frame_budget;
pub mod handshake;
pub mod presence;
pub mod server;
pub mod session;
pub mod sessions;
pub mod settings;
pub mod sockjs;
pub mod stomp;
pub mod websocket;

pub use server::router;
pub use settings::Settings;
pub use websocket::{Access, Foundation, Websocket};
