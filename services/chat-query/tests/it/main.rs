//! The read side from outside: its store, its projector and its router.

#![expect(clippy::unwrap_used, reason = "in a test, whatever goes wrong ends it")]

mod clashes;
mod events;
mod faulty_store;
mod messages;
mod mongodb;
mod online_status;
mod order;
mod parked;
mod parts;
mod projector;
mod rebuild;
mod rooms;
mod service;
mod sqlite;
mod view_recovery;
