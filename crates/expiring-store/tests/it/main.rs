//! The adapters against the promises of their port, and what is Redis' own.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where it stopped"
)]

mod embedded;
mod redis;
