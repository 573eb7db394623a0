//! The queue in a SQLite file (`mail.db`).

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use colloquy_contracts::Timestamp;
use colloquy_sql::{
    StoreError,
    sqlite::SqliteDatabase,
    sweeping::{KeptReadings, SqlReadings},
};
use sqlx::{Sqlite, pool::PoolConnection, query::Query, sqlite::SqliteArguments};
use tokio::time::Instant;
use uuid::Uuid;

use super::{Claim, MailStore, QueuedMail, row::Row};

/// The embedded store. Open its file, which nothing else uses, with [`colloquy_sql::sqlite::Durability::Full`].
///
/// A data folder has one process, so its claims end with it: when the store is opened every mail is due.
#[derive(Clone, Debug)]
pub struct SqliteMailStore {
    database: SqliteDatabase,
    opened: Instant,
}

impl SqliteMailStore {
    /// The store in this file; makes the table if it is not there.
    ///
    /// # Errors
    /// The file cannot be written, or holds another version's table.
    pub async fn open(database: SqliteDatabase) -> Result<Self, StoreError> {
        sqlx::migrate!("migrations/sqlite")
            .run(&database.writer)
            .await?;
        let store = Self {
            database,
            opened: Instant::now(),
        };
        sqlx::query("UPDATE mail_queue SET due_at = 0")
            .execute(&mut *store.writer().await?)
            .await?;
        Ok(store)
    }

    /// Milliseconds since the store was opened.
    fn now(&self) -> i64 {
        millis(self.opened.elapsed())
    }

    /// The writing connection, set to overwrite whatever it frees: updates move rows about, and a mail must not lie
    /// where it was. The pool may have opened it anew, so it is set each time.
    async fn writer(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        let mut writer = self.database.writer.acquire().await?;
        sqlx::query("PRAGMA secure_delete = ON")
            .execute(&mut *writer)
            .await?;
        Ok(writer)
    }

    /// Deletes, and leaves nothing in the write-ahead log either.
    async fn erase(&self, delete: Query<'_, Sqlite, SqliteArguments>) -> Result<u64, StoreError> {
        let mut writer = self.writer().await?;
        let erased = delete.execute(&mut *writer).await?.rows_affected();
        if erased > 0 {
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
                .execute(&mut *writer)
                .await?;
        }
        Ok(erased)
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[async_trait]
impl MailStore for SqliteMailStore {
    async fn enqueue(&self, mail: &QueuedMail) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO mail_queue (id, recipient, subject, body, expires_at, due_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )
        .bind(mail.id.to_string())
        .bind(&mail.to)
        .bind(&mail.subject)
        .bind(&mail.body)
        .bind(mail.expires_at.millis())
        .bind(self.now())
        .execute(&mut *self.writer().await?)
        .await?;
        Ok(())
    }

    async fn claim(&self, lease: Duration, now: Timestamp) -> Result<Option<Claim>, StoreError> {
        let row: Option<Row> = sqlx::query_as(
            "UPDATE mail_queue SET tries = tries + 1, due_at = ?1 + ?2
             WHERE id = (SELECT id FROM mail_queue WHERE due_at <= ?1 AND expires_at > ?3
                         ORDER BY due_at LIMIT 1)
             RETURNING id, recipient, subject, body, expires_at, tries",
        )
        .bind(self.now())
        .bind(millis(lease))
        .bind(now.millis())
        .fetch_optional(&mut *self.writer().await?)
        .await?;
        row.map(Row::into_claim).transpose()
    }

    async fn put_back(&self, claim: &Claim, wait: Duration) -> Result<(), StoreError> {
        sqlx::query("UPDATE mail_queue SET due_at = ?1 WHERE id = ?2 AND tries = ?3")
            .bind(self.now() + millis(wait))
            .bind(claim.mail.id.to_string())
            .bind(i64::from(claim.tries))
            .execute(&mut *self.writer().await?)
            .await?;
        Ok(())
    }

    async fn remove(&self, id: Uuid) -> Result<(), StoreError> {
        let delete = sqlx::query("DELETE FROM mail_queue WHERE id = ?1").bind(id.to_string());
        self.erase(delete).await?;
        Ok(())
    }

    fn readings(&self) -> Arc<dyn KeptReadings> {
        Arc::new(SqlReadings::new(self.database.clone(), "mails"))
    }

    async fn drop_expired(&self, over_age: Timestamp) -> Result<u64, StoreError> {
        let delete =
            sqlx::query("DELETE FROM mail_queue WHERE expires_at <= ?1").bind(over_age.millis());
        self.erase(delete).await
    }
}
