//! Fresh stores for tests.

use std::sync::Arc;

use colloquy_customer::{CustomerStore, Customers, customer_store::SqlCustomerStore};
use colloquy_sql::{
    postgres,
    sqlite::{Durability, SqliteDatabase},
    test_database::postgres_database,
};
use tempfile::TempDir;

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
    let store = SqlCustomerStore::open(database).await.unwrap();
    (folder, Arc::new(store))
}

/// An empty store in a database of its own.
pub async fn postgres_store() -> ((), Arc<dyn CustomerStore>) {
    let url = postgres_database().await;
    let pool = postgres::pool(&url, 5).unwrap();
    ((), Arc::new(SqlCustomerStore::open(pool).await.unwrap()))
}

/// The service with the demo accounts, for tests that need no other service.
pub async fn seeded() -> (System, Arc<Customers>) {
    let system = System::start().await;
    let customers = Arc::clone(&system.customers);
    (system, customers)
}
