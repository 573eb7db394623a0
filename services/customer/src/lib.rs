//! Customer management: who has an account, under which name, with which password.
//!
//! It owns the accounts, the password hashes, and who may choose a new password (decision 22). Sessions and tokens are
//! auth's, codes are otp's.

#![deny(missing_docs)]

mod accounts;
mod credential;
pub mod customer_store;
mod customers;
mod directory;
pub mod domain;
mod fields;
pub mod hashing;
pub mod password;
mod passwords;
mod routes;
mod seed;
mod sweep;

pub use credential::Credentials;
pub use customer_store::CustomerStore;
pub use customers::{Customers, Dependencies, Settings};
pub use domain::PasswordRule;
pub use hashing::{HashingPool, HashingQueue};
pub use passwords::reset_ticket::ResetTicket;
pub use routes::{openapi, router};
pub use seed::SeedError;
