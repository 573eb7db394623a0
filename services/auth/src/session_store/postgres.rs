//! Revocations in PostgreSQL (`chat_db`, which other services use too).

use std::sync::Arc;

use async_trait::async_trait;
use colloquy_chassis::Tasks;
use colloquy_contracts::{CustomerId, Timestamp};
use colloquy_service_api::revocations::{Ended, Revocations};
use colloquy_sql::{
    StoreError,
    postgres::{self, bounded},
    sweeping::{KeptReadings, SqlReadings},
};
use sqlx::PgPool;
use tokio::sync::watch;

use super::{
    LIVE_SECONDS, NOTED_SECONDS, SessionStore, migrate,
    row::{CHANNEL, LAST_NUMBER, PAGE_ROWS, READ, Row, SWEEP, page, record},
};

/// The distributed store. Cheap to clone; any number of instances may use one database: which number each reader has passed
/// is in it too, whichever instance the reader asked.
#[derive(Clone, Debug)]
pub struct PostgresSessionStore {
    pool: PgPool,
    changes: Arc<watch::Sender<()>>,
}

impl PostgresSessionStore {
    /// The store in this database; makes the tables if they are not there, also when several instances start at once.
    ///
    /// # Errors
    /// The database is down, or holds another version's tables.
    pub async fn open(pool: PgPool) -> Result<Self, StoreError> {
        migrate(&pool.clone().into()).await?;
        Ok(Self {
            pool,
            changes: Arc::new(watch::Sender::new(())),
        })
    }

    /// Listens for what other instances record, until the process stops.
    pub fn start_listening(&self, tasks: &Tasks) {
        let (store, stop) = (self.clone(), tasks.clone());
        tasks.spawn_vital("revocations: listen for other instances", async move {
            tokio::select! {
                () = stop.stopping() => {}
                () = postgres::hear(&store.pool, CHANNEL, || { store.changes.send_replace(()); }) => {}
            }
        });
    }
}

#[async_trait]
impl SessionStore for PostgresSessionStore {
    async fn revoke(
        &self,
        customer: CustomerId,
        ended: &Ended,
        expires_at: Timestamp,
    ) -> Result<i64, StoreError> {
        let number = record(&self.pool.clone().into(), customer, ended, expires_at).await?;
        self.changes.send_replace(());
        Ok(number)
    }

    async fn read_after(&self, number: i64) -> Result<Revocations, StoreError> {
        bounded(&self.pool, read_from(&self.pool, number)).await?
    }

    async fn reader_passed(&self, reader: &str, number: i64) -> Result<Revocations, StoreError> {
        // One statement, which mostly writes nothing: idle readers ask the database for nothing else.
        let read = async {
            let (last_number, noted): (i64, bool) = sqlx::query_as(
                "WITH note AS (
                     INSERT INTO revocation_readers (reader, passed, heard_at)
                     SELECT $1, $2, clock_timestamp() WHERE NOT EXISTS (
                         SELECT FROM revocation_readers WHERE reader = $1 AND passed = $2
                             AND heard_at > clock_timestamp() - make_interval(secs => $3))
                     ON CONFLICT (reader) DO UPDATE SET passed = EXCLUDED.passed, heard_at = EXCLUDED.heard_at
                     RETURNING reader)
                 SELECT last_number, EXISTS (SELECT FROM note) FROM revocation_log",
            )
            .bind(reader)
            .bind(number)
            .bind(f64::from(NOTED_SECONDS))
            .fetch_one(&self.pool)
            .await?;
            if noted {
                // Read after the note is committed: an entry that did not find the note is in this answer.
                return read_from(&self.pool, number).await;
            }
            read_up_to(&self.pool, number, last_number).await
        };
        bounded(&self.pool, read).await?
    }

    fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    async fn all_readers_passed(&self, number: i64) -> Result<bool, StoreError> {
        let select = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM revocation_readers
             WHERE passed < $1 AND heard_at > clock_timestamp() - make_interval(secs => $2)
                AND heard_at < clock_timestamp() + make_interval(secs => $2))",
        )
        .bind(number)
        .bind(f64::from(LIVE_SECONDS + NOTED_SECONDS))
        .fetch_one(&self.pool);
        let behind: bool = bounded(&self.pool, select).await??;
        Ok(!behind)
    }

    async fn ready(&self) -> Result<(), StoreError> {
        // Takes the lock that every entry takes, which a server that only reads refuses.
        let lock = sqlx::query("SELECT 1 FROM revocation_log FOR UPDATE").execute(&self.pool);
        bounded(&self.pool, lock).await??;
        Ok(())
    }

    fn readings(&self) -> Arc<dyn KeptReadings> {
        Arc::new(SqlReadings::new(self.pool.clone(), "auth"))
    }

    async fn sweep(&self, over_age: Timestamp) -> Result<u64, StoreError> {
        let readers = sqlx::query(
            "DELETE FROM revocation_readers WHERE heard_at < clock_timestamp() - interval '1 hour'",
        )
        .execute(&self.pool);
        bounded(&self.pool, readers).await??;
        let entries = sqlx::query(SWEEP)
            .bind(over_age.millis())
            .execute(&self.pool);
        Ok(bounded(&self.pool, entries).await??.rows_affected())
    }
}

async fn read_from(pool: &PgPool, after: i64) -> Result<Revocations, StoreError> {
    let last_number = sqlx::query_scalar(LAST_NUMBER).fetch_one(pool).await?;
    read_up_to(pool, after, last_number).await
}

/// The last number was read first, so the entries up to it are committed.
async fn read_up_to(
    pool: &PgPool,
    after: i64,
    last_number: i64,
) -> Result<Revocations, StoreError> {
    if last_number == after {
        return page(Vec::new(), last_number);
    }
    let rows: Vec<Row> = sqlx::query_as(READ)
        .bind(after)
        .bind(last_number)
        .bind(PAGE_ROWS)
        .fetch_all(pool)
        .await?;
    page(rows, last_number)
}
