//! The port: where auth keeps how many tries failed, and from where a login succeeded (decision 30).
//!
//! Durable, because whoever makes the system start again must not win tries by that. No username and no address is in
//! it, only their digests. Every method is one whole transaction.

#[cfg(feature = "conformance")]
pub mod conformance;
pub mod postgres;
mod row;
pub mod sqlite;

use async_trait::async_trait;
use colloquy_contracts::Timestamp;
use colloquy_sql::StoreError;

use crate::{
    digest::Digest,
    guess_limits::{Admission, Limit, Outcome},
};

/// A budget that a try is taken from.
#[derive(Clone, Debug)]
pub struct Charge {
    /// Which budget.
    pub budget: Digest,
    /// Its size.
    pub limit: Limit,
    /// The account that it is a budget of, if it is of one.
    pub account: Option<Digest>,
}

/// Where budgets are kept.
#[async_trait]
pub trait GuessStore: Send + Sync + 'static {
    /// Counts a try in all of these budgets, or in none. However many ask at once, no budget admits more than its limit.
    ///
    /// # Errors
    /// The store could not do it; nothing was counted.
    async fn admit(&self, charges: &[Charge], now: Timestamp) -> Result<Admission, StoreError>;

    /// Tells how the try ended that was admitted then.
    ///
    /// # Errors
    /// The store could not do it; the try counts, as long as nobody says something else.
    async fn settle(
        &self,
        charges: &[Charge],
        admitted_at: Timestamp,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Forgets all budgets of an account, with their failed tries and locks.
    ///
    /// # Errors
    /// The store could not do it.
    async fn lift(&self, account: &Digest) -> Result<(), StoreError>;

    /// Remembers that a login succeeded at a place.
    ///
    /// # Errors
    /// The store could not do it.
    async fn remember(&self, place: &Digest, until: Timestamp) -> Result<(), StoreError>;

    /// Whether a login succeeded at a place that is still remembered.
    ///
    /// # Errors
    /// The store could not tell.
    async fn is_known(&self, place: &Digest, now: Timestamp) -> Result<bool, StoreError>;

    /// Forgets budgets that were as in the beginning by then, and places that were remembered no more.
    ///
    /// # Errors
    /// The store could not do it.
    async fn sweep(&self, over_age: Timestamp) -> Result<u64, StoreError>;
}
