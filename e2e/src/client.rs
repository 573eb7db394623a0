//! What a user's machine would run: an HTTP client with a cookie, and STOMP over a WebSocket.

pub mod browser;
pub mod customers;
pub mod exact;
pub mod frame;
pub mod http;
pub mod octets;
pub mod person;
pub mod raw;
pub mod seq_watch;
pub mod sign_up;
pub mod stomp;

pub use browser::Browser;
pub use customers::{Seeded, USER1, USER2, USER3};
pub use exact::exact;
pub use frame::Frame;
pub use http::{Answer, CallError, Client, Message, RoomView, Sent};
pub use person::Person;
pub use raw::raw;
pub use seq_watch::SeqWatch;
pub use sign_up::NewAccount;
pub use stomp::{Closed, Handshake, Socket};
