//! Customer management: who has an account, under which name, with which password.
//!
//! It owns the accounts and the password hashes (decision 22). Sessions and tokens are auth's.

#![deny(missing_docs)]

mod accounts;
mod credential;
pub mod customer_store;
mod customers;
mod directory;
pub mod domain;
pub mod hashing;
pub mod password;
mod routes;
mod seed;

pub use customer_store::CustomerStore;
pub use customers::Customers;
pub use domain::PasswordRule;
pub use hashing::HashingPool;
pub use routes::router;
pub use seed::SeedError;
