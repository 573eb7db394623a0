//! Readings in a table beside what is swept. Services may share a database, and each sweep has a row of its own.

use async_trait::async_trait;
use colloquy_chassis::clock::ClockReadings;
use tokio::sync::OnceCell;

use super::KeptReadings;
use crate::{Database, StoreError, execute, fetch, postgres};

const SQLITE_TABLE: &str = "
    CREATE TABLE IF NOT EXISTS clock_readings (
        sweep    TEXT PRIMARY KEY,
        readings TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;";
/// Several services make PostgreSQL's table: one list says that it is there.
const MIGRATIONS: &str = "clock_readings_migrations";

/// The readings of one sweep. The table is made when it is first needed.
#[derive(Debug)]
pub struct SqlReadings {
    database: Database,
    sweep: &'static str,
    table: OnceCell<()>,
}

impl SqlReadings {
    /// Those of this sweep, in this database.
    #[must_use]
    pub fn new(database: impl Into<Database>, sweep: &'static str) -> Self {
        Self {
            database: database.into(),
            sweep,
            table: OnceCell::new(),
        }
    }

    async fn make_table(&self) -> Result<(), StoreError> {
        match &self.database {
            Database::Sqlite(file) => {
                sqlx::raw_sql(SQLITE_TABLE).execute(&file.writer).await?;
                Ok(())
            }
            Database::Postgres(pool) => {
                let migrator = sqlx::migrate!("migrations/postgres");
                postgres::migrate(pool, migrator, MIGRATIONS).await
            }
        }
    }
}

#[async_trait]
impl KeptReadings for SqlReadings {
    async fn load(&self) -> Result<ClockReadings, StoreError> {
        self.table.get_or_try_init(|| self.make_table()).await?;
        let select = "SELECT readings FROM clock_readings WHERE sweep = $1";
        let kept: Option<String> = fetch!(
            self.database,
            fetch_optional,
            sqlx::query_scalar(select).bind(self.sweep)
        )?;
        let Some(kept) = kept else {
            return Ok(ClockReadings::default());
        };
        serde_json::from_str(&kept)
            .map_err(|error| StoreError::Defect(sqlx::Error::Decode(error.into())))
    }

    async fn replace(
        &self,
        loaded: &ClockReadings,
        with: &ClockReadings,
    ) -> Result<bool, StoreError> {
        let replace = "INSERT INTO clock_readings AS kept (sweep, readings) VALUES ($1, $2)
             ON CONFLICT (sweep) DO UPDATE SET readings = excluded.readings WHERE kept.readings = $3";
        let replaced = execute!(
            self.database,
            sqlx::query(replace)
                .bind(self.sweep)
                .bind(encode(with))
                .bind(encode(loaded))
        )?;
        Ok(replaced > 0)
    }
}

fn encode(readings: &ClockReadings) -> String {
    serde_json::to_string(readings).expect("readings are numbers and instants")
}
