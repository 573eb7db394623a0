//! Readings in a SQLite file, beside what is swept.

use async_trait::async_trait;
use colloquy_chassis::clock::ClockReadings;
use tokio::sync::OnceCell;

use super::KeptReadings;
use crate::{StoreError, sqlite::SqliteDatabase};

const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS clock_readings (
        sweep    TEXT PRIMARY KEY,
        readings TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;";

/// The readings of one sweep. The table is made when it is first needed.
#[derive(Debug)]
pub struct SqliteReadings {
    database: SqliteDatabase,
    sweep: &'static str,
    table: OnceCell<()>,
}

impl SqliteReadings {
    /// Those of this sweep, in this file.
    #[must_use]
    pub fn new(database: SqliteDatabase, sweep: &'static str) -> Self {
        Self {
            database,
            sweep,
            table: OnceCell::new(),
        }
    }

    async fn make_table(&self) -> Result<(), StoreError> {
        sqlx::raw_sql(TABLE).execute(&self.database.writer).await?;
        Ok(())
    }
}

#[async_trait]
impl KeptReadings for SqliteReadings {
    async fn load(&self) -> Result<ClockReadings, StoreError> {
        self.table.get_or_try_init(|| self.make_table()).await?;
        let kept: Option<String> =
            sqlx::query_scalar("SELECT readings FROM clock_readings WHERE sweep = ?1")
                .bind(self.sweep)
                .fetch_optional(&self.database.readers)
                .await?;
        super::decode(kept)
    }

    async fn replace(
        &self,
        loaded: &ClockReadings,
        with: &ClockReadings,
    ) -> Result<bool, StoreError> {
        let replaced = sqlx::query(
            "INSERT INTO clock_readings (sweep, readings) VALUES (?1, ?2)
             ON CONFLICT (sweep) DO UPDATE SET readings = excluded.readings WHERE readings = ?3",
        )
        .bind(self.sweep)
        .bind(super::encode(with))
        .bind(super::encode(loaded))
        .execute(&self.database.writer)
        .await?;
        Ok(replaced.rows_affected() > 0)
    }
}
