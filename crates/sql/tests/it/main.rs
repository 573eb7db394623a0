//! What our promises rest on: how databases are opened, and which errors mean "try again".

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod failed_writes;
mod one_moment;
mod postgres;
mod postgres_tls;
mod sqlite;
mod sweeping;
