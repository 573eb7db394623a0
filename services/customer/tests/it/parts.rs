//! Fresh stores for tests.

use std::sync::Arc;

use colloquy_customer::{
    CustomerStore, Customers,
    customer_store::{postgres::PostgresCustomerStore, sqlite::SqliteCustomerStore},
};
use colloquy_sql::{
    postgres,
    sqlite::{Durability, SqliteDatabase},
};
use sqlx::AssertSqlSafe;
use tempfile::TempDir;
use uuid::Uuid;

use crate::system::System;

/// An empty file; it goes with the guard.
pub async fn sqlite_database() -> (TempDir, SqliteDatabase) {
    let folder = tempfile::tempdir().unwrap();
    let database = SqliteDatabase::open(&folder.path().join("accounts.db"), Durability::Full)
        .await
        .unwrap();
    (folder, database)
}

/// An empty embedded store; its file goes with the guard.
pub async fn sqlite_store() -> (TempDir, Arc<dyn CustomerStore>) {
    let (folder, database) = sqlite_database().await;
    let store = SqliteCustomerStore::open(database).await.unwrap();
    (folder, Arc::new(store))
}

/// An empty store in a database of its own.
pub async fn postgres_store() -> ((), Arc<dyn CustomerStore>) {
    let url = postgres_database().await;
    let pool = postgres::pool(&url, 5).unwrap();
    (
        (),
        Arc::new(PostgresCustomerStore::open(pool).await.unwrap()),
    )
}

/// The URL of a new, empty database.
pub async fn postgres_database() -> String {
    let server = std::env::var("COLLOQUY_TEST_POSTGRES")
        .expect("run the tests with `cargo xtask test`, which starts the real parts");
    let name = format!("customer_{}", Uuid::new_v4().simple());
    let pool = postgres::pool(&server, 1).unwrap();
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .execute(&pool)
        .await
        .unwrap();
    let (base, _) = server.rsplit_once('/').unwrap();
    format!("{base}/{name}")
}

/// The service with the demo accounts, for tests that ask nothing of anybody else.
pub async fn seeded() -> (System, Arc<Customers>) {
    let system = System::start().await;
    let customers = Arc::clone(&system.customers);
    (system, customers)
}
