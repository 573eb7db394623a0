//! The PostgreSQL server of the tests, and a database of its own for each test.

#![expect(
    clippy::unwrap_used,
    reason = "a part of tests, though it is no test itself"
)]

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use uuid::Uuid;

/// The URL of the server, which names the database in which others are made.
///
/// # Panics
/// `COLLOQUY_TEST_POSTGRES` is not set.
#[must_use]
pub fn postgres_server() -> String {
    std::env::var("COLLOQUY_TEST_POSTGRES")
        .expect("run the tests with `cargo xtask test`, which starts the real parts")
}

/// The URL of a database that does not exist.
///
/// # Panics
/// `COLLOQUY_TEST_POSTGRES` is not set.
#[must_use]
pub fn missing_postgres_database() -> String {
    let server = postgres_server();
    let (base, _) = server.rsplit_once('/').unwrap();
    format!("{base}/test_{}", Uuid::new_v4().simple())
}

/// The URL of a new, empty database.
///
/// # Panics
/// `COLLOQUY_TEST_POSTGRES` is not set, or the server makes no database.
pub async fn postgres_database() -> String {
    let url = missing_postgres_database();
    let (_, name) = url.rsplit_once('/').unwrap();
    let mut server = PgConnection::connect(&postgres_server()).await.unwrap();
    let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::query(create).execute(&mut server).await.unwrap();
    url
}
