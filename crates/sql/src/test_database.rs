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
    in_place_of_database(&postgres_server(), &name())
}

/// The URL of a new, empty database.
///
/// # Panics
/// `COLLOQUY_TEST_POSTGRES` is not set, or the server makes no database.
pub async fn postgres_database() -> String {
    let (server, name) = (postgres_server(), name());
    let url = in_place_of_database(&server, &name);
    let mut server = PgConnection::connect(&server).await.unwrap();
    let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::query(create).execute(&mut server).await.unwrap();
    url
}

/// The name of the database that a URL leads to.
///
/// # Panics
/// The URL names none.
#[must_use]
pub fn database_of(url: &str) -> &str {
    let (_, rest) = url.rsplit_once('/').unwrap();
    rest.split_once('?').map_or(rest, |(name, _)| name)
}

fn name() -> String {
    format!("test_{}", Uuid::new_v4().simple())
}

/// The URL with this database, and with the parameters that it had.
fn in_place_of_database(server: &str, name: &str) -> String {
    let (base, rest) = server.rsplit_once('/').unwrap();
    let parameters = rest.find('?').map_or("", |begin| &rest[begin..]);
    format!("{base}/{name}{parameters}")
}
