//! The port.
//!
//! A key holds a value, a counter or a set of members, one kind only, and lives for the time it was given. When its
//! time is over it is gone, and whoever watches is told.
//!
//! **Nothing here survives** a flush, a fail-over or a restart of the store: it is never the only home of anything
//! that must not be lost (invariant 12). After a loss every key is absent and every set empty, without a notice for
//! each; whoever is still there comes back by joining again.
//!
//! **Time** is counted in milliseconds by the store, not by the caller; a shorter time counts as one millisecond. A
//! key is never there longer than its time, and its expiry is told within a second (Redis looks for expired keys ten
//! times a second, and may take longer with very many of them).

#[cfg(feature = "conformance")]
pub mod conformance;
pub mod embedded;
mod notices;
pub mod redis;

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use colloquy_chassis::{Failure, Kind};

/// A value that is held, and for how long it still will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The value.
    pub value: Bytes,
    /// The time it has left.
    pub remaining: Duration,
}

/// A set of members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Set<'a> {
    /// Holds the members.
    pub key: &'a str,
    /// A key that holds the value `1` while somebody is in the set, and for as long: for those who know only of that.
    pub sign: Option<&'a str>,
}

impl<'a> From<&'a str> for Set<'a> {
    fn from(key: &'a str) -> Self {
        Self { key, sign: None }
    }
}

/// What joining a set did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joined {
    /// Whether nobody was in the set before: of many who join at once, one is first.
    pub first: bool,
}

/// What leaving a set did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// Whether this emptied the set: of many who leave at once, one is last. Who was not in the set is not last.
    pub last: bool,
}

/// Something that happened in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Somebody published.
    Published {
        /// Where.
        channel: String,
        /// What.
        payload: Bytes,
    },
    /// Somebody is in a set in which nobody was.
    Occupied {
        /// Its key.
        set: String,
    },
    /// Nobody is in a set any more because somebody left. Told of a set that was empty before, too, so that whoever
    /// knows it as occupied, because the store lost it in silence, hears that it is not.
    Emptied {
        /// Its key.
        set: String,
    },
    /// A key's time is over. For a set: the time of its last member. Keys that were deleted or taken are not told.
    Expired {
        /// Which.
        key: String,
    },
    /// Notices may have been lost: the connection broke and is there again, or this watch was read too slowly.
    /// Whoever keeps a state made of notices reads it anew.
    Missed,
}

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ExpiringStoreError {
    /// It is down or slow. Whether it did what it was asked is not known.
    #[error("the expiring store is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The key holds another kind of thing: a defect of whoever asks.
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
    /// Holds a value for a time; an earlier value and its time are replaced.
    ///
    /// # Errors
    /// The store is away.
    async fn put(&self, key: &str, value: Bytes, ttl: Duration) -> Result<(), ExpiringStoreError>;

    /// Holds a value for a time if nothing is held, and says whether it did: of many at once, one does.
    ///
    /// # Errors
    /// The store is away.
    async fn put_if_absent(
        &self,
        key: &str,
        value: Bytes,
        ttl: Duration,
    ) -> Result<bool, ExpiringStoreError>;

    /// The value, and the time it has left. A counter's value is its decimal text.
    ///
    /// # Errors
    /// The store is away, or the key holds a set.
    async fn get(&self, key: &str) -> Result<Option<Held>, ExpiringStoreError>;

    /// Removes the value if it is this one, and says whether it did: of many at once, one does. Another value stays,
    /// with the time it has.
    ///
    /// # Errors
    /// The store is away, or the key holds a set.
    async fn take_if(&self, key: &str, value: &[u8]) -> Result<bool, ExpiringStoreError>;

    /// Removes whatever the key holds, and says whether it held anything.
    ///
    /// # Errors
    /// The store is away.
    async fn delete(&self, key: &str) -> Result<bool, ExpiringStoreError>;

    /// Counts one more and answers the count, 1 the first time. The first sets the time; later ones leave it.
    ///
    /// # Errors
    /// The store is away, or the key holds something that is no counter.
    async fn count(&self, key: &str, ttl: Duration) -> Result<u64, ExpiringStoreError>;

    /// Puts a member into a set for a time; one who is in it already gets the new time. Tells [`Notice::Occupied`] if
    /// nobody was: the notices of a set come in the order of what happened to it, whoever did it.
    ///
    /// # Errors
    /// The store is away, or the key holds no set.
    async fn join(
        &self,
        set: Set<'_>,
        member: &str,
        ttl: Duration,
    ) -> Result<Joined, ExpiringStoreError>;

    /// Takes a member out of a set. Tells [`Notice::Emptied`] if nobody is in it then.
    ///
    /// # Errors
    /// The store is away, or the key holds no set.
    async fn leave(&self, set: Set<'_>, member: &str) -> Result<Left, ExpiringStoreError>;

    /// The members whose time is not over, sorted; none for a set that is not there.
    ///
    /// # Errors
    /// The store is away, or the key holds no set.
    async fn members(&self, set: &str) -> Result<Vec<String>, ExpiringStoreError>;

    /// Tells everybody who watches now, on every node, the caller's own watches included. Nothing is kept for later.
    ///
    /// # Errors
    /// The store is away.
    async fn publish(&self, channel: &str, payload: Bytes) -> Result<(), ExpiringStoreError>;

    /// Watches the channels and keys that begin with `prefix`: what happens after this returns is told, notices of
    /// one publisher in their order, and a [`Notice::Missed`] wherever some may be missing.
    ///
    /// # Errors
    /// The store is away. A watch that exists already outlasts that.
    async fn watch(&self, prefix: &str) -> Result<Box<dyn Watch>, ExpiringStoreError>;
}

/// A watch on a store, until it is dropped.
#[async_trait]
pub trait Watch: Send {
    /// The next notice; waits until there is one. Cancel-safe.
    async fn next(&mut self) -> Notice;
}

/// The shortest time there is, so that no time at all is not read as "for ever".
const SHORTEST: Duration = Duration::from_millis(1);
