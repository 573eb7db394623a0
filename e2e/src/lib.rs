//! The system from outside: how to start it, and honest clients that share no code with it.
//!
//! The suite in `tests/e2e` uses this, and so do the fault checker and the load generator. Nothing here depends on a
//! crate of the product: a codec checked against itself would agree with itself about anything.

pub mod client;
pub mod harness;
pub mod rolling;
