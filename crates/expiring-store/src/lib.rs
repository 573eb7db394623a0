//! Keys that live for a time: a port, an embedded adapter, a Redis adapter, and the conformance suite that both pass.

#![deny(missing_docs)]

pub mod expiring_store;

pub use expiring_store::{
    Entry, ExpiringStore, ExpiringStoreError, Notice, Set, embedded::EmbeddedExpiringStore,
    redis::RedisExpiringStore, watch::Watch,
};
