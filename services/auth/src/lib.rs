//! Auth: login, the session tokens that prove it, logout, and how often a password may be guessed.
//!
//! It alone has the private session key, and it alone records which sessions have ended before their time. Accounts and
//! passwords are customer management's: auth asks for a check of a credential.

#![deny(missing_docs)]

mod answers;
mod auth;
mod device;
mod jwks;
mod login;
mod login_attempts;
mod login_limits;
pub mod login_throttle_store;
mod logout;
mod revocations;
mod routes;
mod session_ending;
pub mod session_store;
pub mod signing;

pub use auth::{Auth, Dependencies, Settings};
pub use login::LoginError;
pub use login_limits::LoginLimits;
pub use login_throttle_store::{LoginThrottleStore, SqlLoginThrottleStore};
pub use routes::{openapi, router};
pub use session_store::SessionStore;
pub use signing::SessionSigner;
