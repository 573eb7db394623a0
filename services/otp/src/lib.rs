//! One-time codes: six digits that prove that their sender reads the mail of an address (contract §4, decision 22).
//!
//! A code lives for 300 s in the expiring store and nowhere else, sealed with a key that otp alone has. Customer
//! management decides who may ask for one and how often, and mail delivers it.

#![deny(missing_docs)]

mod address;
mod code;
mod code_store;
mod issue_code;
mod otp;
pub mod randomness;
mod routes;
mod stored_code;
mod validate_code;

pub use otp::Otp;
pub use randomness::{Randomness, SystemRandomness};
pub use routes::{openapi, router};
