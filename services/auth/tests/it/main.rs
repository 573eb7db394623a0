//! The service over its router.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where it stopped"
)]

mod bad_tokens;
mod hanging_postgres;
mod idle;
mod key_rotation;
mod login;
mod login_attempts;
mod login_device;
mod login_throttle_store;
mod logout;
mod parts;
mod revocations;
mod session_ending;
mod session_store;
mod session_token;
mod sweep;
