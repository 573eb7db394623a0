//! The port.
//!
//! A key holds a value, a counter or a set of members, one kind only, until its time to live ends. Then the key is gone,
//! and every watch receives a notice.
//!
//! **Nothing here survives** a flush, a fail-over or a restart of the store: it is never the only home of anything
//! that must not be lost (invariant 12). After a loss every key is absent and every set empty, without a notice for
//! each; members that are still alive come back by joining again.
//!
//! **Time** is counted in milliseconds by the store, not by the caller; a shorter time counts as one millisecond. A
//! key never outlives its time, and the notice of its expiry comes within a second (Redis looks for expired keys ten
//! times a second, and may take longer with very many of them).

#[cfg(feature = "conformance")]
pub mod conformance;
pub mod embedded;
pub mod redis;
pub mod watch;

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use colloquy_chassis::{Failure, Kind};

use self::watch::Watch;

/// A value, and for how long the store still holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The octets as they were put; of a counter its decimal text.
    pub value: Bytes,
    /// The time until the key expires.
    pub remaining: Duration,
}

/// A set of members, as its members address it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Set<'a> {
    /// The key of the set.
    pub key: &'a str,
    /// A key that holds the value `1` for as long as the set has members, for readers that know only that key.
    pub marker: Option<&'a str>,
    /// Whether every join of a member gives [`Notice::Occupied`], and not the first alone: for watches that began later.
    pub repeats_occupied: bool,
}

impl<'a> From<&'a str> for Set<'a> {
    fn from(key: &'a str) -> Self {
        Self {
            key,
            marker: None,
            repeats_occupied: false,
        }
    }
}

/// A change in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A set that was empty has a member, or a set that repeats this notice has been joined again.
    Occupied {
        /// The key of the set.
        set: String,
    },
    /// A member left a set that is empty now. The notice comes also if the set was empty before, so that a watch that
    /// takes it for occupied, because the store lost it in silence, learns that it is not.
    Emptied {
        /// The key of the set.
        set: String,
    },
    /// A key's time is over; a set's time is that of its last member. A key that is deleted or taken gives no notice.
    Expired {
        /// The key that is gone.
        key: String,
    },
    /// Notices may have been lost: the connection broke and is there again, or this watch was read too slowly. A state
    /// that was made of notices is to be read anew.
    Missed,
}

/// Why the store did not answer.
#[derive(Debug, thiserror::Error)]
pub enum ExpiringStoreError {
    /// The store is down or slow. Whether the call took effect is not known.
    #[error("the expiring store is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The key holds another kind of value: a defect of the caller.
    #[error("the key holds another kind of value")]
    WrongKind,
}

impl Failure for ExpiringStoreError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unavailable(_) => Kind::Unavailable,
            Self::WrongKind => Kind::Internal,
        }
    }
}

/// Keys that live for a time. Every method is atomic, and fails with [`ExpiringStoreError::Unavailable`] within two
/// seconds if the store is away.
#[async_trait]
pub trait ExpiringStore: Send + Sync + 'static {
    /// Stores a value for a time; an earlier value and its time are replaced.
    ///
    /// # Errors
    /// The store is away.
    async fn put(&self, key: &str, value: Bytes, ttl: Duration) -> Result<(), ExpiringStoreError>;

    /// Stores a value for a time if the key is absent, and answers whether it did: of concurrent calls one does.
    ///
    /// # Errors
    /// The store is away.
    async fn put_if_absent(
        &self,
        key: &str,
        value: Bytes,
        ttl: Duration,
    ) -> Result<bool, ExpiringStoreError>;

    /// The value of a key, and the time it has left.
    ///
    /// # Errors
    /// The store is away, or the key holds a set.
    async fn get(&self, key: &str) -> Result<Option<Entry>, ExpiringStoreError>;

    /// Removes the key if it holds this value, and answers whether it did: of concurrent calls one does. Another value
    /// stays, with the time it has.
    ///
    /// # Errors
    /// The store is away, or the key holds a set.
    async fn take_if(&self, key: &str, value: &[u8]) -> Result<bool, ExpiringStoreError>;

    /// Removes a key of any kind, and answers whether it was there.
    ///
    /// # Errors
    /// The store is away.
    async fn delete(&self, key: &str) -> Result<bool, ExpiringStoreError>;

    /// Increments a counter and answers the count, 1 the first time. The first call sets the time; later ones keep it.
    ///
    /// # Errors
    /// The store is away, or the key holds something that is no counter.
    async fn count(&self, key: &str, ttl: Duration) -> Result<u64, ExpiringStoreError>;

    /// Adds a member to a set for a time; a member that is in the set already gets the new time. If the set was empty,
    /// every watch receives [`Notice::Occupied`]: the notices of a set come in the order of its changes, on every node.
    ///
    /// # Errors
    /// The store is away, or the key holds no set.
    async fn join(
        &self,
        set: Set<'_>,
        member: &str,
        ttl: Duration,
    ) -> Result<(), ExpiringStoreError>;

    /// Removes a member from a set. If the set is empty then, every watch receives [`Notice::Emptied`].
    ///
    /// # Errors
    /// The store is away, or the key holds no set.
    async fn leave(&self, set: Set<'_>, member: &str) -> Result<(), ExpiringStoreError>;

    /// The members whose time is not over, sorted; none for a set that is not there.
    ///
    /// # Errors
    /// The store is away, or the key holds no set.
    async fn members(&self, set: &str) -> Result<Vec<String>, ExpiringStoreError>;

    /// Watches all keys: the watch receives a notice of every change after this returns, and a [`Notice::Missed`]
    /// wherever some may be missing.
    ///
    /// # Errors
    /// The store is away. A watch that exists already outlasts that.
    async fn watch(&self) -> Result<Watch, ExpiringStoreError>;
}

/// The shortest time to live, so that no time at all is not read as "for ever".
const MIN_TTL: Duration = Duration::from_millis(1);
