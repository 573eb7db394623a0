//! A PostgreSQL database of one test.

use colloquy_chassis::Lifecycle;
use colloquy_chat_command::{
    outbox::PostgresOutbox,
    write_store::{PostgresWriteStore, postgres::migrate},
};
use colloquy_sql::{hanging_server::Proxy, test_database::postgres_database};
use sqlx::PgPool;

/// Of an instance, at most.
const CONNECTIONS: u32 = 12;

/// A database that is new, with the write side's tables.
pub struct Database {
    url: String,
    /// For looking at what is there.
    pub pool: PgPool,
}

impl Database {
    pub async fn fresh() -> Self {
        let url = postgres_database().await;
        let pool = colloquy_sql::postgres::pool(&url, 2).unwrap();
        migrate(&pool).await.unwrap();
        Self { url, pool }
    }

    /// The parts of one more instance, with connections of its own.
    pub fn instance(&self) -> (PostgresWriteStore, PostgresOutbox) {
        on(self.connections(CONNECTIONS))
    }

    /// At most so many connections.
    pub fn connections(&self, most: u32) -> PgPool {
        colloquy_sql::postgres::pool(&self.url, most).unwrap()
    }

    /// One more instance whose connections can be made to hang, and its pool.
    pub async fn instance_behind_a_proxy(
        &self,
    ) -> (Proxy, PgPool, (PostgresWriteStore, PostgresOutbox)) {
        let (proxy, url) = Proxy::before(&self.url).await;
        let pool = colloquy_sql::postgres::pool(&url, CONNECTIONS).unwrap();
        (proxy, pool.clone(), on(pool))
    }
}

fn on(pool: PgPool) -> (PostgresWriteStore, PostgresOutbox) {
    let outbox = PostgresOutbox::start(pool.clone(), &Lifecycle::default().tasks());
    (PostgresWriteStore::new(pool, outbox.clone()), outbox)
}
