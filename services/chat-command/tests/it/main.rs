//! The service over its router, the writer and the relay, and both write stores against their promises.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

mod commands;
mod damages;
mod databases;
mod directory;
mod events;
mod flow;
mod full_names;
mod group_commit;
mod hanging_server;
mod internal;
mod kafka;
mod log;
mod postgres;
mod relay;
mod relay_alone;
mod republish;
mod service;
mod sqlite;
mod sweep;
mod tables;
mod traceparent;
mod write_store;
