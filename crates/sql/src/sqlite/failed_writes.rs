//! Writes that SQLite rolled back by itself, and what follows from one (decision 40).
//!
//! A full disk, an I/O error, too little memory or an interrupt end a transaction without a ROLLBACK of ours. sqlx does
//! not notice: it counts the connection as still in that transaction, and refuses every later one on it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use colloquy_chassis::{backoff::Backoff, readiness::Gate};
use sqlx::{Connection as _, SqlitePool, sqlite::SqlitePoolOptions};
use tokio::sync::watch;

/// As much as a write of ours may need: a failed one leaves room in the write-ahead log that a smaller probe would fit in.
const FILL: &str = "
    DROP TABLE IF EXISTS write_probe;
    CREATE TABLE write_probe (filler BLOB NOT NULL);
    INSERT INTO write_probe VALUES (zeroblob(65536));";

/// Tells of each write of one pool that SQLite rolled back. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct FailedWrites(watch::Sender<()>);

impl FailedWrites {
    /// Has a pool of one connection tell of its failed writes, and throw the connection away after a transaction that
    /// SQLite ended.
    pub fn observe(&self, pool: SqlitePoolOptions) -> SqlitePoolOptions {
        let is_committing = Arc::new(AtomicBool::new(false));
        let hooks = (self.clone(), Arc::clone(&is_committing));
        let failed = self.clone();
        pool.after_connect(move |connection, _| {
            let (failed, is_committing) = hooks.clone();
            Box::pin(async move {
                let mut handle = connection.lock_handle().await?;
                let begun = Arc::clone(&is_committing);
                handle.set_commit_hook(move || {
                    begun.store(true, Ordering::Relaxed);
                    true
                });
                // Without a commit before it, it may be a ROLLBACK of ours.
                handle.set_rollback_hook(move || {
                    if is_committing.swap(false, Ordering::Relaxed) {
                        failed.tell();
                    }
                });
                Ok(())
            })
        })
        .after_release(move |connection, _| {
            let (failed, is_committing) = (failed.clone(), Arc::clone(&is_committing));
            Box::pin(async move {
                if connection.is_in_transaction() {
                    // The ROLLBACK of a transaction that was dropped is carried out before this is answered.
                    connection.ping().await?;
                }
                is_committing.store(false, Ordering::Relaxed);
                let is_sound = !connection.is_in_transaction();
                if !is_sound {
                    failed.tell();
                }
                Ok(is_sound)
            })
        })
    }

    /// Keeps the gate closed while the last write failed and a probe fails too. Does nothing until a write fails.
    pub async fn guard(&self, file: &'static str, writer: &SqlitePool, gate: &Gate) {
        let mut failures = self.0.subscribe();
        while failures.changed().await.is_ok() {
            let (mut backoff, mut is_closed) = (Backoff::default(), false);
            loop {
                failures.mark_unchanged();
                let Err(error) = probe(writer).await else {
                    break;
                };
                if !is_closed {
                    tracing::warn!(file, %error, "a file cannot be written: not ready");
                    gate.close();
                    is_closed = true;
                }
                backoff.wait().await;
            }
            if is_closed {
                tracing::info!(file, "the file can be written again");
                gate.open();
            }
        }
    }

    fn tell(&self) {
        self.0.send_replace(());
    }
}

/// Writes, commits, and takes back what it wrote.
async fn probe(writer: &SqlitePool) -> Result<(), sqlx::Error> {
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::raw_sql(FILL).execute(&mut *transaction).await?;
    transaction.commit().await?;
    sqlx::query("DROP TABLE write_probe")
        .execute(writer)
        .await?;
    Ok(())
}
