//! One-time codes: six digits that prove that somebody reads the mail of an address (contract §4, decision 22).
//!
//! A code lives for 300 s in the expiring store and nowhere else, sealed with a key that otp alone has. Who may ask for
//! one, how often, and how it reaches its owner is the business of customer management and mail.

#![deny(missing_docs)]

mod address;
mod code;
mod generate_code;
mod kept_codes;
mod otp;
pub mod randomness;
mod resend_code;
mod routes;
mod seal;
mod validate_code;

pub use otp::Otp;
pub use randomness::{Randomness, SystemRandomness};
pub use routes::{openapi, router};
