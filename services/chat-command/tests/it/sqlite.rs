//! A SQLite file of one test.

use std::time::Duration;

use colloquy_chat_command::write_store::SqliteWriteStore;
use colloquy_contracts::Timestamp;
use colloquy_event_log::SqliteOutbox;
use colloquy_sql::{
    sqlite::{Durability, SqliteDatabase},
    sweeping::{KeptReadings as _, SqlReadings},
};

/// A file that is new, in a folder that goes with it.
pub struct File(tempfile::TempDir);

impl File {
    pub fn fresh() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub async fn database(&self) -> SqliteDatabase {
        let path = self.0.path().join("write.db");
        SqliteDatabase::open(&path, Durability::Full).await.unwrap()
    }

    /// As if a clock that shows that instant had been right for hours.
    pub async fn aged(&self, now: Timestamp) {
        let readings = SqlReadings::new(self.database().await, "idempotency");
        let loaded = readings.load().await.unwrap();
        let hour = Duration::from_secs(3600);
        let aged = loaded.with(now, hour).with(now, hour);
        assert!(readings.replace(&loaded, &aged).await.unwrap());
    }

    /// Until a sweep has read a clock that shows that instant or a later one.
    pub async fn swept(&self, now: Timestamp) {
        let readings = SqlReadings::new(self.database().await, "idempotency");
        let sweeping = async { while readings.load().await.unwrap().highest() < now {} };
        let in_time = tokio::time::timeout(Duration::from_secs(20), sweeping).await;
        in_time.expect("the sweep comes");
    }

    /// The store, opened as a process that starts does.
    pub async fn store(&self) -> SqliteWriteStore {
        let outbox = SqliteOutbox::open(self.database().await).await.unwrap();
        SqliteWriteStore::open(outbox).await.unwrap()
    }
}
