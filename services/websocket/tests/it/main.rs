//! The push side over real sockets.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bursts;
mod client_addresses;
mod handshake;
mod harness;
mod identity;
mod lifecycle;
mod messages;
mod presence;
mod read;
mod revocation;
mod rooms;
mod slow_consumer;
mod sockjs;
mod stomp_codec;
mod turns;
mod typing;
mod websocket_frames;
