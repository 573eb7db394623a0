//! The write side: rooms, messages and read markers are recorded here, once, in order, together with the event that
//! announces them.
//!
//! It reads no view. What it promises is in `write_store.rs`; how a burst of commands becomes one transaction is in
//! `group_commit.rs`; how events leave is in `outbox.rs` and `relay.rs`.

#![deny(missing_docs)]

mod check_membership;
pub mod commands;
pub mod domain;
pub mod flow;
mod full_names;
pub mod group_commit;
pub mod membership;
mod meters;
pub mod outbox;
#[cfg(feature = "planted-bugs")]
mod planted_bugs;
pub mod relay;
pub mod republish;
pub mod routes;
pub mod service;
mod sweep;
pub mod write_store;

pub use flow::FlowSources;
pub use membership::Membership;
pub use routes::{openapi, router};
pub use service::{ChatCommand, Dependencies, Settings};
