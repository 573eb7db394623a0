//! In both databases the adapter keeps the promises of the port (invariant 8).

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where it stopped"
)]

use std::sync::Arc;

use colloquy_rate_limit::{RateLimitStore, SqlRateLimitStore, rate_limit_store_conformance};
use colloquy_sql::{
    postgres as server,
    sqlite::{Durability, SqliteDatabase},
    test_database::postgres_database,
};
use tempfile::TempDir;

/// As a service makes it.
const TABLE: &str = "CREATE TABLE rate_limits (
    limit_key TEXT PRIMARY KEY, usage TEXT NOT NULL, ends_at BIGINT NOT NULL, owner TEXT)";

async fn sqlite_store() -> (TempDir, Arc<dyn RateLimitStore>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("limits.db");
    let database = SqliteDatabase::open(&file, Durability::Full).await.unwrap();
    sqlx::raw_sql(TABLE)
        .execute(&database.writer)
        .await
        .unwrap();
    let store = SqlRateLimitStore::new(database, "rate_limits");
    (folder, Arc::new(store))
}

async fn postgres_store() -> ((), Arc<dyn RateLimitStore>) {
    let pool = server::pool(&postgres_database().await, 5).unwrap();
    sqlx::raw_sql(TABLE).execute(&pool).await.unwrap();
    let store = SqlRateLimitStore::new(pool, "rate_limits");
    ((), Arc::new(store))
}

mod sqlite {
    use super::*;

    rate_limit_store_conformance!(sqlite_store());
}

mod postgres {
    use super::*;

    rate_limit_store_conformance!(postgres_store());
}
