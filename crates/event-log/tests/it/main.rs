//! Both adapters against the promises of the port, and against what is theirs alone.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod embedded;
mod kafka;
mod kafka_tls;
