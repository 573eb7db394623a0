//! How databases are opened: SQLite files and PostgreSQL servers, with the settings that our promises rest on; and [`Database`],
//! by which a store writes once what is the same in both.
//!
//! No table of a service and no query of one lives here; each owns its own. The one table is that of the clock's readings,
//! by which every service sweeps its own.

#![deny(missing_docs)]

mod checksum;
pub mod connections;
mod database;
mod error;
#[cfg(feature = "test-support")]
pub mod hanging_server;
pub mod moving;
pub mod postgres;
pub mod sqlite;
pub mod sweeping;
#[cfg(feature = "test-support")]
pub mod test_database;

pub use checksum::checksum;
pub use database::Database;
pub use error::StoreError;
