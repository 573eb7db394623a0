//! Keys that live for a time: a port, an embedded adapter, a Redis adapter, and the conformance suite that both pass.

#![deny(missing_docs)]

pub mod expiring_store;

pub use expiring_store::{
    ExpiringStore, ExpiringStoreError, Held, Joined, Left, Notice, Set, Watch,
    embedded::EmbeddedExpiringStore, redis::RedisExpiringStore,
};
