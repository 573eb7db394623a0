//! Durable rate limits: how often something may be done, counted in a table so that a restart gives nothing back.
//!
//! One port, [`RateLimitStore`], with one adapter for PostgreSQL and SQLite, and two [policies](Policy): a sliding
//! window, and a lock-out after failed attempts. Which limits there are is the services' matter, and each service has a
//! table of its own. Limits that need not outlive the process are not counted here.

#![deny(missing_docs)]

mod digest;
mod policy;
pub mod rate_limit_store;
mod usage;

pub use digest::Digest;
pub use policy::{Lockout, Policy, wait_seconds};
pub use rate_limit_store::{Decision, Permit, RateLimit, RateLimitStore, SqlRateLimitStore};
