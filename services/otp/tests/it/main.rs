//! The service over its router and in process, on the embedded store and on Redis.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where it stopped"
)]

mod codes;
mod internal;
mod interrupted;
mod keys;
mod lifetime;
mod parts;
mod secrets;
