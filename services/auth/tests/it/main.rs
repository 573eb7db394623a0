//! The service over its router.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where it stopped"
)]

mod login;
mod parts;
mod session_token;
