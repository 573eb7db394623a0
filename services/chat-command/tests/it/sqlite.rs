//! A SQLite file of one test.

use colloquy_chat_command::write_store::SqliteWriteStore;
use colloquy_event_log::SqliteOutbox;
use colloquy_sql::sqlite::{Durability, SqliteDatabase};

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

    /// The store, opened as a process that starts does.
    pub async fn store(&self) -> SqliteWriteStore {
        let outbox = SqliteOutbox::open(self.database().await).await.unwrap();
        SqliteWriteStore::open(outbox).await.unwrap()
    }
}
