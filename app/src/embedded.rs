//! The embedded stores of an all-in-one system (decision 10).
//!
//! ```text
//! accounts.db   customers                          synced
//! sessions.db   ended sessions, failed logins      synced
//! mail.db       mails that wait to be sent         synced
//! write.db      rooms, messages, outbox = log      synced
//! views.db      views, positions, announcements    can be rebuilt from write.db
//! ```
//!
//! Codes, and who is online and who is typing, are in memory.

use std::sync::Arc;

use colloquy_auth::{
    LoginThrottleStore, SessionStore, SqlLoginThrottleStore,
    session_store::sqlite::SqliteSessionStore,
};
use colloquy_chassis::{Tasks, figures::Figures, readiness::Readiness};
use colloquy_chat_command::write_store::{SqliteWriteStore, WriteStore};
use colloquy_chat_query::{SqliteViewStore, ViewStore, projector::GROUP};
use colloquy_customer::{CustomerStore, customer_store::SqlCustomerStore};
use colloquy_event_log::{EmbeddedLog, SqliteOutbox};
use colloquy_expiring_store::{EmbeddedExpiringStore, ExpiringStore};
use colloquy_mail::{MailStore, mail_store::sqlite::SqliteMailStore};
use colloquy_sql::{connections, sqlite::SqliteDatabase};

use crate::{
    data_folder::{
        DataFolder,
        survey::{self, Survey},
        verdict::NAMES,
    },
    retention,
};

/// All stores of one data folder.
pub struct Stores {
    pub accounts: AccountStores,
    pub chat: ChatStores,
    pub files: Files,
}

/// The open files of a data folder; none of a distributed system.
#[derive(Default)]
pub struct Files(Vec<SqliteDatabase>);

/// The stores of the accounts.
pub struct AccountStores {
    pub customers: Arc<dyn CustomerStore>,
    pub sessions: Arc<dyn SessionStore>,
    pub logins: Arc<dyn LoginThrottleStore>,
    pub mails: Arc<dyn MailStore>,
    pub expiring: Arc<dyn ExpiringStore>,
}

/// The stores of the chat.
pub struct ChatStores {
    pub writes: Arc<dyn WriteStore>,
    pub log: Arc<EmbeddedLog>,
    pub views: Arc<dyn ViewStore>,
    pub expiring: Arc<dyn ExpiringStore>,
}

impl Files {
    pub fn new<const N: usize>(files: [&SqliteDatabase; N]) -> Self {
        Self(files.map(Clone::clone).into())
    }

    /// Shows operators the connections to each file.
    pub fn show(&self, figures: &Figures) {
        for (file, name) in self.0.iter().zip(NAMES) {
            connections::show(&file.writer, name, "writer", figures);
            connections::show(&file.readers, name, "readers", figures);
        }
    }

    /// Closes every file whole, once nothing uses it any more (decision 41).
    pub async fn close(&self) {
        for file in &self.0 {
            file.close().await;
        }
    }
}

impl Stores {
    /// Opens the files of a whole folder, and makes those of a new one. Views that are ahead of the write store are set
    /// aside, and made again. The process is ready as long as each file can be written.
    ///
    /// # Errors
    /// The folder is not whole, a file cannot be opened, or was made by a newer version.
    pub async fn open(
        folder: &DataFolder,
        readiness: &Readiness,
        tasks: &Tasks,
    ) -> anyhow::Result<Self> {
        let [accounts, sessions, mails, write, views] = Survey::of(folder).await?.open().await?;
        let written = SqliteOutbox::open(write).await?;
        let announced = behind(&written, SqliteOutbox::open(views).await?, folder).await?;
        let (write, views) = (written.database(), announced.database());
        let files = Files::new([&accounts, &sessions, &mails, write, views]);
        for (file, name) in files.0.iter().zip(NAMES) {
            file.guard(name, readiness.gate(name), tasks);
        }
        retention::start(announced.clone(), tasks);
        let views = SqliteViewStore::open(announced.clone()).await?;
        let log = EmbeddedLog::new(written.clone(), announced);
        let expiring: Arc<dyn ExpiringStore> = Arc::new(EmbeddedExpiringStore::start(tasks));
        Ok(Self {
            accounts: AccountStores {
                customers: Arc::new(SqlCustomerStore::open(accounts).await?),
                logins: Arc::new(SqlLoginThrottleStore::open(sessions.clone()).await?),
                sessions: Arc::new(SqliteSessionStore::open(sessions).await?),
                mails: Arc::new(SqliteMailStore::open(mails).await?),
                expiring: Arc::clone(&expiring),
            },
            chat: ChatStores {
                writes: Arc::new(SqliteWriteStore::open(written).await?),
                log: Arc::new(log),
                views: Arc::new(views),
                expiring,
            },
            files,
        })
    }
}

/// The outbox of the views; of new views, if these hold more than the write store (decision 10).
async fn behind(
    written: &SqliteOutbox,
    views: SqliteOutbox,
    folder: &DataFolder,
) -> anyhow::Result<SqliteOutbox> {
    let log = EmbeddedLog::new(written.clone(), views.clone());
    if !log.is_ahead(GROUP).await? {
        return Ok(views);
    }
    tracing::warn!("the views are ahead of write.db, as after restoring a backup of it alone");
    let views = survey::remake_views(folder, views.database()).await?;
    Ok(SqliteOutbox::open(views).await?)
}
