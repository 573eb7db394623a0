//! Readings in PostgreSQL, beside what is swept. Services share a database, and each sweep has a row of its own.

use async_trait::async_trait;
use colloquy_chassis::clock::ClockReadings;
use sqlx::PgPool;
use tokio::sync::OnceCell;

use super::KeptReadings;
use crate::{
    StoreError,
    postgres::{self, bounded},
};

/// Several services make the table: one list says that it is there.
const MIGRATIONS: &str = "clock_readings_migrations";

/// The readings of one sweep. The table is made when it is first needed.
#[derive(Debug)]
pub struct PostgresReadings {
    pool: PgPool,
    sweep: &'static str,
    table: OnceCell<()>,
}

impl PostgresReadings {
    /// Those of this sweep, in this database.
    #[must_use]
    pub fn new(pool: PgPool, sweep: &'static str) -> Self {
        Self {
            pool,
            sweep,
            table: OnceCell::new(),
        }
    }

    async fn make_table(&self) -> Result<(), StoreError> {
        let migrator = sqlx::migrate!("migrations/postgres");
        postgres::migrate(&self.pool, migrator, MIGRATIONS).await
    }
}

#[async_trait]
impl KeptReadings for PostgresReadings {
    async fn load(&self) -> Result<ClockReadings, StoreError> {
        self.table.get_or_try_init(|| self.make_table()).await?;
        let select = sqlx::query_scalar("SELECT readings FROM clock_readings WHERE sweep = $1")
            .bind(self.sweep)
            .fetch_optional(&self.pool);
        super::decode(bounded(&self.pool, select).await??)
    }

    async fn replace(
        &self,
        loaded: &ClockReadings,
        with: &ClockReadings,
    ) -> Result<bool, StoreError> {
        let replace = sqlx::query(
            "INSERT INTO clock_readings AS kept (sweep, readings) VALUES ($1, $2)
             ON CONFLICT (sweep) DO UPDATE SET readings = excluded.readings WHERE kept.readings = $3",
        )
        .bind(self.sweep)
        .bind(super::encode(with))
        .bind(super::encode(loaded))
        .execute(&self.pool);
        Ok(bounded(&self.pool, replace).await??.rows_affected() > 0)
    }
}
