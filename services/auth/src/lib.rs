//! Auth: login, and the session tokens that prove it.
//!
//! It alone holds the private session key. Accounts and passwords are customer management's; auth asks.

#![deny(missing_docs)]

mod auth;
mod login;
mod routes;
pub mod signing;

pub use auth::{Auth, Settings};
pub use login::LoginError;
pub use routes::router;
pub use signing::SessionSigner;
