//! The service over its router, and both write stores against their promises.

mod databases;
mod sqlite;
mod write_store;
