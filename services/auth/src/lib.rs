//! Auth: login, the session tokens that prove it, logout, and how often a password may be guessed.
//!
//! It alone holds the private session key, and it alone knows which sessions have ended before their time. Accounts and passwords are customer management's; auth asks.

#![deny(missing_docs)]

mod answers;
mod auth;
mod device;
pub mod digest;
pub mod guess_limits;
pub mod guess_store;
mod jwks;
mod login;
mod logout;
mod revocations;
mod routes;
mod session_ending;
pub mod session_store;
pub mod signing;
mod tries;

pub use auth::{Auth, Foundation, Settings};
pub use guess_limits::GuessLimits;
pub use guess_store::GuessStore;
pub use login::LoginError;
pub use routes::{openapi, router};
pub use session_store::SessionStore;
pub use signing::SessionSigner;
