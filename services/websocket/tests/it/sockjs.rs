//! SockJS at `/ws/chat-sockjs` (stomp.md §7).

mod addresses;
pub mod browser;
mod ending;
mod identity;
mod info;
mod origins;
mod polling;
mod presence;
mod sending;
mod streaming;
mod websocket;
