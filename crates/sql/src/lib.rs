//! How databases are opened: SQLite files and PostgreSQL servers, with the settings that our promises rest on.
//!
//! No table and no query lives here; each service owns its own.

#![deny(missing_docs)]

mod error;
#[cfg(feature = "hanging-server")]
pub mod hanging_server;
pub mod postgres;
pub mod sqlite;

pub use error::StoreError;
