//! Limits and places beside the revocations, in a SQLite file (`sessions.db`) or in PostgreSQL (`chat_db`).

use std::sync::Arc;

use async_trait::async_trait;
use colloquy_contracts::Timestamp;
use colloquy_rate_limit::{Digest, RateLimitStore, SqlRateLimitStore};
use colloquy_sql::{Database, StoreError, execute, fetch};

use super::LoginThrottleStore;
use crate::session_store::migrate;

/// The table of the limits.
const LIMITS: &str = "auth_rate_limits";

/// The store of both databases. Cheap to clone; any number of instances may use one of PostgreSQL. Open a file with
/// [`colloquy_sql::sqlite::Durability::Full`].
#[derive(Clone, Debug)]
pub struct SqlLoginThrottleStore(Database);

impl SqlLoginThrottleStore {
    /// The store in this database; makes the tables if they are not there, also when several instances start at once.
    ///
    /// # Errors
    /// The database is down or cannot be written, or holds another version's tables.
    pub async fn open(database: impl Into<Database>) -> Result<Self, StoreError> {
        let database = database.into();
        migrate(&database).await?;
        Ok(Self(database))
    }
}

#[async_trait]
impl LoginThrottleStore for SqlLoginThrottleStore {
    fn rate_limits(&self) -> Arc<dyn RateLimitStore> {
        Arc::new(SqlRateLimitStore::new(self.0.clone(), LIMITS))
    }

    async fn remember(&self, place: &Digest, until: Timestamp) -> Result<(), StoreError> {
        // A success that ends earlier takes nothing away.
        let remember = "INSERT INTO known_places (place, known_until) VALUES ($1, $2)
             ON CONFLICT (place) DO UPDATE SET known_until = excluded.known_until
             WHERE known_places.known_until < excluded.known_until";
        execute!(
            self.0,
            sqlx::query(remember)
                .bind(place.as_str())
                .bind(until.millis())
        )?;
        Ok(())
    }

    async fn is_known(&self, place: &Digest, now: Timestamp) -> Result<bool, StoreError> {
        let is_known =
            "SELECT EXISTS (SELECT 1 FROM known_places WHERE place = $1 AND known_until > $2)";
        fetch!(
            self.0,
            fetch_one,
            sqlx::query_scalar(is_known)
                .bind(place.as_str())
                .bind(now.millis())
        )
    }

    async fn sweep(&self, over_age: Timestamp) -> Result<u64, StoreError> {
        let sweep = "DELETE FROM known_places WHERE known_until <= $1";
        execute!(self.0, sqlx::query(sweep).bind(over_age.millis()))
    }
}
