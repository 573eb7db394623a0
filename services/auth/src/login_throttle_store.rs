//! The port: what auth throttles logins by, the limits and the places of earlier logins (decision 30).
//!
//! Durable, because a restart must give an attacker no attempts back. No username and no address is in it, only their
//! digests. Every method is one whole transaction.

#[cfg(feature = "conformance")]
pub mod conformance;
mod sql;

use std::sync::Arc;

use async_trait::async_trait;
use colloquy_contracts::Timestamp;
use colloquy_rate_limit::{Digest, RateLimitStore};
use colloquy_sql::StoreError;

pub use self::sql::SqlLoginThrottleStore;

/// Where limits of logins are counted, and places of logins are remembered.
#[async_trait]
pub trait LoginThrottleStore: Send + Sync + 'static {
    /// The limits, kept beside the places.
    fn rate_limits(&self) -> Arc<dyn RateLimitStore>;

    /// Remembers that a login succeeded at a place.
    ///
    /// # Errors
    /// The store could not do it.
    async fn remember(&self, place: &Digest, until: Timestamp) -> Result<(), StoreError>;

    /// Whether a login succeeded at a place that is still remembered.
    ///
    /// # Errors
    /// The store could not answer.
    async fn is_known(&self, place: &Digest, now: Timestamp) -> Result<bool, StoreError>;

    /// Forgets places that were remembered no longer by then.
    ///
    /// # Errors
    /// The store could not do it.
    async fn sweep(&self, over_age: Timestamp) -> Result<u64, StoreError>;
}
