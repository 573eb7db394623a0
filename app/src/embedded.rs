//! The embedded stores of an all-in-one system (decision 10).
//!
//! ```text
//! accounts.db   customers                          synced
//! sessions.db   which sessions have ended          synced
//! write.db      rooms, messages, outbox = log      synced
//! views.db      views, positions, announcements    can be rebuilt from write.db
//! ```
//!
//! Who is online and who is typing is in memory, as the sessions are.

use std::sync::Arc;

use colloquy_auth::{SessionStore, session_store::sqlite::SqliteSessionStore};
use colloquy_chassis::Tasks;
use colloquy_chat_command::write_store::{SqliteWriteStore, WriteStore};
use colloquy_chat_query::{SqliteViewStore, ViewStore, projector::GROUP};
use colloquy_customer::{CustomerStore, customer_store::sqlite::SqliteCustomerStore};
use colloquy_event_log::{EmbeddedLog, EventLog, SqliteOutbox};
use colloquy_expiring_store::{EmbeddedExpiringStore, ExpiringStore};
use colloquy_sql::sqlite::{Durability, SqliteDatabase};

use crate::{data_folder::DataFolder, retention};

/// All stores of one data folder.
pub struct Stores {
    pub customers: Arc<dyn CustomerStore>,
    pub sessions: Arc<dyn SessionStore>,
    pub writes: Arc<dyn WriteStore>,
    pub log: Arc<dyn EventLog>,
    pub views: Arc<dyn ViewStore>,
    pub expiring: Arc<dyn ExpiringStore>,
}

impl Stores {
    /// Opens the files, and makes those that are not there. Views that are ahead of the write store are wiped, and so
    /// rebuilt.
    ///
    /// # Errors
    /// A file cannot be opened, or was made by a newer version.
    pub async fn open(folder: &DataFolder, tasks: &Tasks) -> anyhow::Result<Self> {
        let file = |name, durability| {
            let path = folder.join(name);
            async move { SqliteDatabase::open(&path, durability).await }
        };
        let accounts = file("accounts.db", Durability::Full).await?;
        let sessions = file("sessions.db", Durability::Full).await?;
        let written = SqliteOutbox::open(file("write.db", Durability::Full).await?).await?;
        let announced =
            SqliteOutbox::open(file("views.db", Durability::Rebuildable).await?).await?;
        retention::start(announced.clone(), tasks);
        let views = SqliteViewStore::open(announced.clone()).await?;
        let log = EmbeddedLog::new(written.clone(), announced);
        if log.is_ahead(GROUP).await? {
            tracing::warn!(
                "the views are ahead of the write store, as after restoring a backup: rebuilding them"
            );
            views.wipe().await?;
        }
        Ok(Self {
            customers: Arc::new(SqliteCustomerStore::open(accounts).await?),
            sessions: Arc::new(SqliteSessionStore::open(sessions).await?),
            writes: Arc::new(SqliteWriteStore::open(written).await?),
            log: Arc::new(log),
            views: Arc::new(views),
            expiring: Arc::new(EmbeddedExpiringStore::start(tasks)),
        })
    }
}
