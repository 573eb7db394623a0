//! The write side in PostgreSQL, for any number of instances on one database.
//!
//! A batch is one transaction of four questions as a rule: BEGIN, what it has to know under its locks, what it writes, COMMIT.
//! Rows travel as arrays. Locks are taken in one order (decision 1): idempotency keys sorted, then rooms by id; ids are drawn
//! under the locks.

mod load;
mod recent;
mod write;

use std::sync::Arc;

use async_trait::async_trait;
use colloquy_contracts::{CustomerId, RoomId, Timestamp};
use colloquy_sql::{
    StoreError,
    postgres::{self, KeptConnections, bounded},
    sweeping::{KeptReadings, SqlReadings},
};
use sqlx::{Connection as _, PgConnection, PgPool};

use super::{
    Accepted, RecentMessage, RecordError, Refusal, Submission, WriteStore,
    plan::{LockSet, Plan},
};
use crate::outbox::PostgresOutbox;

/// Each service that shares the database keeps its own list of what it has migrated.
const MIGRATIONS: &str = "chat_command_migrations";
/// A lock is waited for no longer, so that one held elsewhere fails one batch and its retry before the caller's timeout.
const LOCK_TIMEOUT: (&str, &str) = ("lock_timeout", "1500ms");

/// The adapter. Cheap to clone.
#[derive(Clone, Debug)]
pub struct PostgresWriteStore {
    pool: PgPool,
    /// The writer's own.
    connections: KeptConnections,
    outbox: PostgresOutbox,
    #[cfg(feature = "planted-bugs")]
    early: Option<crate::planted_bugs::PublishBeforeCommit>,
}

/// Makes or migrates the tables of the write side; several instances may do so at once.
///
/// # Errors
/// The server is away or did not answer, or the tables were made by a newer version.
pub async fn migrate(pool: &PgPool) -> Result<(), StoreError> {
    postgres::migrate(pool, sqlx::migrate!("migrations/postgres"), MIGRATIONS).await
}

impl PostgresWriteStore {
    /// The store of a database that [`migrate`] has prepared. `outbox` is notified of commits.
    #[must_use]
    pub fn new(pool: PgPool, outbox: PostgresOutbox) -> Self {
        Self {
            connections: KeptConnections::new(&pool, LOCK_TIMEOUT),
            pool,
            outbox,
            #[cfg(feature = "planted-bugs")]
            early: None,
        }
    }

    /// The same store, with `publish-before-commit` if that bug is chosen.
    #[cfg(feature = "planted-bugs")]
    #[must_use]
    pub fn planted(self, log: std::sync::Arc<dyn colloquy_event_log::EventLog>) -> Self {
        Self {
            early: crate::planted_bugs::PublishBeforeCommit::chosen(log),
            ..self
        }
    }

    async fn record_on(
        &self,
        connection: &mut PgConnection,
        batch: &[Submission],
    ) -> Result<Vec<Result<Accepted, Refusal>>, RecordError> {
        let mut transaction = connection.begin().await.map_err(failed)?;
        let locks = LockSet::of(batch);
        let (state, ids) = load::batch_state(&mut transaction, &locks)
            .await
            .map_err(failed)?;
        let plan = Plan::make(batch, state, ids);
        write::all(&mut transaction, &locks, &plan)
            .await
            .map_err(failed)?;
        #[cfg(feature = "planted-bugs")]
        if let Some(bug) = &self.early {
            bug.publish(&plan.outgoing()).await;
        }
        transaction.commit().await.map_err(commit_failed)?;
        if !plan.events.is_empty() {
            self.outbox.committed();
        }
        Ok(plan.answers)
    }
}

#[async_trait]
impl WriteStore for PostgresWriteStore {
    async fn record(
        &self,
        batch: &[Submission],
    ) -> Result<Vec<Result<Accepted, Refusal>>, RecordError> {
        // A connection of a batch that failed is closed: the server then gives up its locks at once, and a large batch may
        // be stuck half sent.
        let recording = async {
            let mut connection = self.connections.take().await.map_err(failed)?;
            let answers = self.record_on(&mut connection, batch).await?;
            connection.keep();
            Ok(answers)
        };
        bounded(&self.pool, recording)
            .await
            .unwrap_or_else(|late| Err(RecordError::Unknown(late)))
    }

    async fn is_member(&self, room: RoomId, customer: CustomerId) -> Result<bool, StoreError> {
        let member = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM room_participants WHERE room_id = $1 AND customer_id = $2)",
        )
        .bind(room.0)
        .bind(customer.0)
        .fetch_one(&self.pool);
        Ok(bounded(&self.pool, member).await??)
    }

    async fn recent_messages(
        &self,
        customer: CustomerId,
        limit: u32,
    ) -> Result<Vec<RecentMessage>, StoreError> {
        recent::messages(&self.pool, customer, limit).await
    }

    fn readings(&self) -> Arc<dyn KeptReadings> {
        Arc::new(SqlReadings::new(self.pool.clone(), "idempotency"))
    }

    async fn forget_keys(&self, before: Timestamp, limit: u32) -> Result<u64, RecordError> {
        let forget = sqlx::query(
            "DELETE FROM idempotency WHERE ctid = ANY (ARRAY (
                 SELECT ctid FROM idempotency
                 WHERE used_at < 'epoch'::timestamptz + $1 * interval '1 millisecond'
                 ORDER BY used_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
        )
        .bind(before.millis())
        .bind(i64::from(limit))
        .execute(&self.pool);
        let forgotten = bounded(&self.pool, forget)
            .await
            .map_err(RecordError::Unknown)?
            .map_err(failed)?;
        Ok(forgotten.rows_affected())
    }
}

/// Before the commit nothing is recorded: what fails here is rolled back. A lock that was not had (55P03) or a roll-back
/// by the server (class 40) may be the fault of one command; anything else transient is the fault of none.
fn failed(error: sqlx::Error) -> RecordError {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .map(std::borrow::Cow::into_owned);
    let of_one = code.is_some_and(|code| code == "55P03" || code.starts_with("40"));
    match StoreError::from(error) {
        error @ StoreError::Unavailable(_) if !of_one => RecordError::Away(error),
        error => RecordError::Rejected(error),
    }
}

/// A refusal by the server is a roll-back; without an answer the outcome is unknown.
fn commit_failed(error: sqlx::Error) -> RecordError {
    if error.as_database_error().is_some() {
        failed(error)
    } else {
        RecordError::Unknown(error.into())
    }
}
