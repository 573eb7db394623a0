//! Auth: login, the session tokens that prove it, and logout.
//!
//! It alone holds the private session key, and it alone knows which sessions have ended before their time. Accounts and passwords are customer management's; auth asks.

#![deny(missing_docs)]

mod answers;
mod auth;
mod login;
mod logout;
mod revocations;
mod routes;
mod session_ending;
pub mod session_store;
pub mod signing;

pub use auth::{Auth, Settings};
pub use login::LoginError;
pub use routes::router;
pub use session_store::SessionStore;
pub use signing::SessionSigner;
