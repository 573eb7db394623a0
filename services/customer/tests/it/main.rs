//! The service over its router, and its stores against the promises of their port.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where it stopped"
)]

mod accounts;
mod customer_store;
mod dependencies;
mod hanging_postgres;
mod internal;
mod parts;
mod passwords;
mod system;
