//! The queue in PostgreSQL (`chat_db`, which other services use too).

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use colloquy_contracts::Timestamp;
use colloquy_sql::{
    StoreError,
    postgres::{self, bounded},
    sweeping::{KeptReadings, SqlReadings},
};
use sqlx::PgPool;
use uuid::Uuid;

use super::{Claim, MailStore, QueuedMail, row::Row};

/// Each service that shares the database keeps its own list of what it has migrated.
const MIGRATIONS: &str = "mail_migrations";

/// The distributed store. Cheap to clone; any number of instances may use one database.
#[derive(Clone, Debug)]
pub struct PostgresMailStore(PgPool);

impl PostgresMailStore {
    /// The store in this database; makes the table if it is not there, also when several instances start at once.
    ///
    /// # Errors
    /// The database is down, or holds another version's table.
    pub async fn open(pool: PgPool) -> Result<Self, StoreError> {
        postgres::migrate(&pool, sqlx::migrate!("migrations/postgres"), MIGRATIONS).await?;
        Ok(Self(pool))
    }
}

#[async_trait]
impl MailStore for PostgresMailStore {
    async fn enqueue(&self, mail: &QueuedMail) -> Result<(), StoreError> {
        let insert = sqlx::query(
            "INSERT INTO mail_queue (id, recipient, subject, body, expires_at, due_at)
             VALUES ($1, $2, $3, $4, $5, now())",
        )
        .bind(mail.id.to_string())
        .bind(&mail.to)
        .bind(&mail.subject)
        .bind(&mail.body)
        .bind(mail.expires_at.millis())
        .execute(&self.0);
        bounded(&self.0, insert).await??;
        Ok(())
    }

    async fn claim(&self, lease: Duration, now: Timestamp) -> Result<Option<Claim>, StoreError> {
        // Rows that another instance is just claiming are skipped, not waited for.
        let update = sqlx::query_as(
            "UPDATE mail_queue SET tries = tries + 1, due_at = now() + make_interval(secs => $1)
             WHERE id = (SELECT id FROM mail_queue
                         WHERE (due_at <= now() OR due_at > now() + make_interval(secs => 2 * $1)) AND expires_at > $2
                         ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
             RETURNING id, recipient, subject, body, expires_at, tries",
        )
        .bind(lease.as_secs_f64())
        .bind(now.millis())
        .fetch_optional(&self.0);
        let row: Option<Row> = bounded(&self.0, update).await??;
        row.map(Row::into_claim).transpose()
    }

    async fn put_back(&self, claim: &Claim, wait: Duration) -> Result<(), StoreError> {
        let update = sqlx::query(
            "UPDATE mail_queue SET due_at = now() + make_interval(secs => $1)
             WHERE id = $2 AND tries = $3",
        )
        .bind(wait.as_secs_f64())
        .bind(claim.mail.id.to_string())
        .bind(i64::from(claim.tries))
        .execute(&self.0);
        bounded(&self.0, update).await??;
        Ok(())
    }

    async fn remove(&self, id: Uuid) -> Result<(), StoreError> {
        let delete = sqlx::query("DELETE FROM mail_queue WHERE id = $1")
            .bind(id.to_string())
            .execute(&self.0);
        bounded(&self.0, delete).await??;
        Ok(())
    }

    fn readings(&self) -> Arc<dyn KeptReadings> {
        Arc::new(SqlReadings::new(self.0.clone(), "mails"))
    }

    async fn drop_expired(&self, over_age: Timestamp) -> Result<u64, StoreError> {
        let delete = sqlx::query("DELETE FROM mail_queue WHERE expires_at <= $1")
            .bind(over_age.millis())
            .execute(&self.0);
        Ok(bounded(&self.0, delete).await??.rows_affected())
    }
}
