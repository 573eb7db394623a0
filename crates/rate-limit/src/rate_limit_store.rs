//! The port: where uses of limits are counted.
//!
//! Durable, because a client that makes the system start again must not win uses by that. No name and no address is in it,
//! only their digests. Every method is one whole transaction.

#[cfg(feature = "conformance")]
pub mod conformance;
mod entries;
mod sql;

use async_trait::async_trait;
use colloquy_contracts::Timestamp;
use colloquy_sql::StoreError;

pub use self::sql::SqlRateLimitStore;
use crate::{Digest, Policy};

/// Something of which there is only so much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// What is counted, and for whom.
    pub key: Digest,
    /// How much of it there is.
    pub policy: Policy,
    /// The account that it is a limit of, if [`RateLimitStore::reset`] is to find it.
    pub owner: Option<Digest>,
}

impl RateLimit {
    /// The limit of what the parts name together, which no [`RateLimitStore::reset`] finds.
    #[must_use]
    pub fn new(parts: &[&str], policy: Policy) -> Self {
        Self {
            key: Digest::of(parts),
            policy,
            owner: None,
        }
    }
}

/// A use that was acquired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    limits: Vec<RateLimit>,
    acquired_at: Timestamp,
}

impl Permit {
    /// The permit of a use of these limits that was acquired then.
    #[must_use]
    pub fn new(limits: &[RateLimit], acquired_at: Timestamp) -> Self {
        Self {
            limits: limits.to_vec(),
            acquired_at,
        }
    }
}

/// Whether there is a use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// There is, and it is counted.
    Acquired(Permit),
    /// The outcome of other attempts decides: ask again when one of them has ended. Only a lock-out answers this.
    Undecided,
    /// Not before then.
    Refused(Timestamp),
}

impl Decision {
    /// What was acquired, if there was a use.
    #[must_use]
    pub fn permit(self) -> Option<Permit> {
        match self {
            Self::Acquired(permit) => Some(permit),
            Self::Undecided | Self::Refused(_) => None,
        }
    }
}

/// Where uses of limits are counted.
#[async_trait]
pub trait RateLimitStore: Send + Sync + 'static {
    /// Counts one use of each of these limits, or none. However many callers ask at once, no limit grants more than there
    /// is.
    ///
    /// # Errors
    /// The store could not do it; nothing was counted.
    async fn try_acquire(
        &self,
        limits: &[RateLimit],
        now: Timestamp,
    ) -> Result<Decision, StoreError>;

    /// The use does not count.
    ///
    /// # Errors
    /// The store could not do it; the use counts.
    async fn refund(&self, permit: &Permit, now: Timestamp) -> Result<(), StoreError>;

    /// The attempt has failed; a lock-out decides by that. A use of a sliding window counts in any case.
    ///
    /// # Errors
    /// The store could not do it; the attempt counts as a failed one in 30 s.
    async fn fail(&self, permit: &Permit, now: Timestamp) -> Result<(), StoreError>;

    /// Forgets all uses and locks of an owner's limits.
    ///
    /// # Errors
    /// The store could not do it.
    async fn reset(&self, owner: &Digest) -> Result<(), StoreError>;

    /// Forgets limits that were as in the beginning by then, and says how many.
    ///
    /// # Errors
    /// The store could not do it, or not all of it.
    async fn sweep(&self, over_age: Timestamp) -> Result<u64, StoreError>;
}
