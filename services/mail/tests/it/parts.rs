//! What tests run mail with: a store in a folder or a database of its own, and a clock that is moved by hand.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use colloquy_chassis::{Clock as _, Lifecycle, clock::ManualClock};
use colloquy_contracts::Timestamp;
use colloquy_credentials::keys::SealKey;
use colloquy_mail::{
    MailService, MailStore, MailTransport, Retry, Settings,
    mail_store::{Claim, QueuedMail, postgres::PostgresMailStore, sqlite::SqliteMailStore},
};
use colloquy_service_api::mailer::Mail;
use colloquy_sql::{
    StoreError, postgres,
    sqlite::{Durability, SqliteDatabase},
    sweeping::{KeptReadings, MemoryReadings, SqlReadings},
    test_database::postgres_database,
};
use tempfile::TempDir;
use uuid::Uuid;

/// 2023-11-14T22:13:20Z.
pub const NOW: i64 = 1_700_000_000_000;
pub const QUEUE_TIMEOUT: Duration = Duration::from_secs(20);

/// The key that is this byte, again and again.
pub fn key(byte: u8) -> SealKey {
    SealKey::from([byte; 32])
}

pub fn settings() -> Settings {
    Settings {
        from: "Colloquy <no-reply@colloquy.example>".parse().unwrap(),
        retry: Retry {
            first: Duration::from_millis(10),
            longest: Duration::from_millis(50),
        },
    }
}

pub fn mail(to: &str) -> Mail {
    Mail {
        to: to.to_owned(),
        subject: "Your code".to_owned(),
        body: "Hello,\n\nyour code is 123456.\n".to_owned(),
        expires_at: Some(Timestamp::from_millis(NOW + 300_000)),
    }
}

/// A service on an embedded store.
pub struct Embedded {
    pub service: Arc<MailService>,
    pub clock: Arc<ManualClock>,
    _folder: TempDir,
    database: SqliteDatabase,
    lifecycle: Lifecycle,
}

impl Embedded {
    pub async fn new(transport: impl MailTransport) -> Self {
        let (folder, database, store) = sqlite().await;
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(NOW)));
        let service = MailService::new(
            store,
            &key(1),
            Arc::new(transport),
            Arc::clone(&clock) as _,
            settings(),
        );
        Self {
            service,
            clock,
            _folder: folder,
            database,
            lifecycle: Lifecycle::default(),
        }
    }

    /// One that sends.
    pub async fn sending(transport: impl MailTransport) -> Self {
        let this = Self::new(transport).await;
        this.start();
        this
    }

    pub fn start(&self) {
        self.service.start_sending(&self.lifecycle.tasks());
    }

    /// Makes the readings of the clock those of hours.
    pub async fn aged(&self) {
        let readings = SqlReadings::new(self.database.clone(), "mails");
        let loaded = readings.load().await.unwrap();
        let hour = Duration::from_secs(3600);
        let now = self.clock.now();
        let aged = loaded.with(now, hour).with(now, hour);
        assert!(readings.replace(&loaded, &aged).await.unwrap());
    }

    pub async fn waiting(&self) -> i64 {
        self.number("SELECT count(*) FROM mail_queue").await
    }

    pub async fn until_empty(&self) {
        self.until_waiting(0).await;
    }

    pub async fn until_waiting(&self, mails: i64) {
        let waiting = async {
            while self.waiting().await != mails {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(QUEUE_TIMEOUT, waiting).await.unwrap();
    }

    /// Until the one mail of the queue was tried so often.
    pub async fn until_tried(&self, times: i64) {
        let trying = async {
            while self.number("SELECT max(tries) FROM mail_queue").await < times {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(QUEUE_TIMEOUT, trying).await.unwrap();
    }

    /// Stops the process, and answers how many mails wait then.
    pub async fn stopped(self) -> i64 {
        let is_signalled = AtomicBool::new(false);
        // The first signal is there at once; a second would cut the drain short.
        let once = || {
            let first = !is_signalled.swap(true, Ordering::SeqCst);
            async move {
                if !first {
                    pending::<()>().await;
                }
            }
        };
        self.lifecycle.run_until(once).await.unwrap();
        sqlx::query_scalar("SELECT count(*) FROM mail_queue")
            .fetch_one(&self.database.readers)
            .await
            .unwrap()
    }

    async fn number(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query)
            .fetch_one(&self.database.readers)
            .await
            .unwrap()
    }
}

async fn sqlite() -> (TempDir, SqliteDatabase, Arc<dyn MailStore>) {
    let folder = tempfile::tempdir().unwrap();
    let database = SqliteDatabase::open(&folder.path().join("mail.db"), Durability::Full)
        .await
        .unwrap();
    let store = SqliteMailStore::open(database.clone()).await.unwrap();
    (folder, database, Arc::new(store))
}

/// An empty embedded store; its file goes with the guard.
pub async fn sqlite_store() -> (TempDir, Arc<dyn MailStore>) {
    let (folder, _, store) = sqlite().await;
    (folder, store)
}

/// An empty store in a database of its own.
pub async fn postgres_store() -> ((), Arc<dyn MailStore>) {
    let pool = postgres::pool(&postgres_database().await, 8).unwrap();
    let store = PostgresMailStore::open(pool).await.unwrap();
    ((), Arc::new(store))
}

/// A store that answers every call with this error.
pub struct BrokenStore(pub fn() -> StoreError);

#[async_trait]
impl MailStore for BrokenStore {
    async fn enqueue(&self, _: &QueuedMail) -> Result<(), StoreError> {
        Err(self.0())
    }

    async fn claim(&self, _: Duration, _: Timestamp) -> Result<Option<Claim>, StoreError> {
        Err(self.0())
    }

    async fn put_back(&self, _: &Claim, _: Duration) -> Result<(), StoreError> {
        Err(self.0())
    }

    async fn remove(&self, _: Uuid) -> Result<(), StoreError> {
        Err(self.0())
    }

    fn readings(&self) -> Arc<dyn KeptReadings> {
        Arc::new(MemoryReadings::default())
    }

    async fn drop_expired(&self, _: Timestamp) -> Result<u64, StoreError> {
        Err(self.0())
    }
}
