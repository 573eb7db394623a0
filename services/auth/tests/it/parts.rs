//! What tests run auth with: real keys, a clock that is moved by hand, and a check that knows one account.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use colloquy_auth::{
    Auth, Dependencies, LoginLimits, LoginThrottleStore, SessionSigner, SessionStore, Settings,
    SqlLoginThrottleStore,
    session_store::{postgres::PostgresSessionStore, sqlite::SqliteSessionStore},
    signing::SessionIds,
};
use colloquy_chassis::{ServiceName, clock::ManualClock};
use colloquy_contracts::{CustomerId, SessionNumber, Timestamp};
use colloquy_credentials::{
    identity::SessionId,
    keys::KeyFolder,
    session_algorithm::{Algorithms, SessionAlgorithm},
    session_verifier::SessionVerifier,
    token_keys::TokenKeys,
};
use colloquy_rate_limit::{Decision, Digest, Permit, RateLimit, RateLimitStore};
use colloquy_service_api::{
    Account, CallError, CredentialCheck,
    credential_check::Credential,
    revocations::{Ended, Revocations},
};
use colloquy_sql::{
    StoreError, postgres,
    sqlite::{Durability, SqliteDatabase},
    sweeping::{KeptReadings, MemoryReadings},
    test_database::postgres_database,
};
use tempfile::TempDir;
use tokio::sync::watch;

/// 2023-11-14T22:13:20Z.
pub const NOW: i64 = 1_700_000_000;
pub const SESSION_ID: &str = "0b0c3c6e-0000-4000-8000-000000000007";

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    KeyFolder::new(folder.path()).complete("k1").unwrap();
    folder
});

/// A folder with the session key `k1`, the same for all tests: RSA keys take long to make.
pub fn keys() -> KeyFolder {
    KeyFolder::new(FOLDER.path())
}

pub fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::from_millis(NOW * 1000)))
}

pub fn verifier(clock: &Arc<ManualClock>) -> SessionVerifier {
    SessionVerifier::load(&keys(), &Algorithms::default(), Arc::clone(clock) as _).unwrap()
}

/// Auth on these sessions. No client can log in: the store of failed logins is away.
pub fn auth_on(
    sessions: Arc<dyn SessionStore>,
    credentials: impl CredentialCheck,
    secure_cookie: bool,
) -> Arc<Auth> {
    auth_at(&clock(), sessions, credentials, secure_cookie)
}

/// The same at that time.
pub fn auth_at(
    clock: &Arc<ManualClock>,
    sessions: Arc<dyn SessionStore>,
    credentials: impl CredentialCheck,
    secure_cookie: bool,
) -> Arc<Auth> {
    let settings = Settings {
        secure_cookie,
        logins: LoginLimits::default(),
    };
    let dependencies = Dependencies {
        sessions,
        ..dependencies(Arc::new(credentials), Arc::new(DownStore), clock)
    };
    Auth::new(dependencies, settings)
}

/// What auth depends on for logins: sessions are away, since nothing is asked of them.
pub fn dependencies(
    credentials: Arc<dyn CredentialCheck>,
    throttle: Arc<dyn LoginThrottleStore>,
    clock: &Arc<ManualClock>,
) -> Dependencies {
    let (keys, clock) = (keys(), Arc::clone(clock));
    let signer = SessionSigner::load(&keys, SessionAlgorithm::Rs256)
        .unwrap()
        .with_session_ids(Arc::new(OneId));
    Dependencies {
        credentials,
        sessions: Arc::new(DownStore),
        throttle,
        signer,
        keys: TokenKeys::load(&keys, &Algorithms::default(), Arc::clone(&clock) as _).unwrap(),
        clock,
    }
}

struct OneId;

impl SessionIds for OneId {
    fn next(&self) -> SessionId {
        SESSION_ID.parse().unwrap()
    }
}

/// An empty embedded store; its file goes with the guard.
pub async fn sqlite_store() -> (TempDir, Arc<dyn SessionStore>) {
    let folder = tempfile::tempdir().unwrap();
    let database = SqliteDatabase::open(&folder.path().join("sessions.db"), Durability::Full)
        .await
        .unwrap();
    let store = SqliteSessionStore::open(database).await.unwrap();
    (folder, Arc::new(store))
}

/// An empty store in a database of its own.
pub async fn postgres_store() -> ((), Arc<dyn SessionStore>) {
    let url = postgres_database().await;
    let pool = postgres::pool(&url, 5).unwrap();
    let store = PostgresSessionStore::open(pool).await.unwrap();
    ((), Arc::new(store))
}

/// An empty embedded store of failed logins; its file goes with the guard.
pub async fn sqlite_throttle() -> (TempDir, Arc<dyn LoginThrottleStore>) {
    let folder = tempfile::tempdir().unwrap();
    let store = throttle_in(&folder).await;
    (folder, store)
}

/// The embedded store of failed logins in this folder.
pub async fn throttle_in(folder: &TempDir) -> Arc<dyn LoginThrottleStore> {
    let database = SqliteDatabase::open(&folder.path().join("sessions.db"), Durability::Full)
        .await
        .unwrap();
    Arc::new(SqlLoginThrottleStore::open(database).await.unwrap())
}

/// An empty store of failed logins in a database of its own.
pub async fn postgres_throttle() -> ((), Arc<dyn LoginThrottleStore>) {
    let pool = postgres::pool(&postgres_database().await, 5).unwrap();
    let store = SqlLoginThrottleStore::open(pool).await.unwrap();
    ((), Arc::new(store))
}

/// A store that is away.
pub struct DownStore;

fn away<T>() -> Result<T, StoreError> {
    Err(StoreError::Unavailable(sqlx::Error::PoolTimedOut))
}

#[async_trait]
impl SessionStore for DownStore {
    async fn revoke(&self, _: CustomerId, _: &Ended, _: Timestamp) -> Result<i64, StoreError> {
        away()
    }

    async fn read_after(&self, _: i64) -> Result<Revocations, StoreError> {
        away()
    }

    async fn reader_passed(&self, _: &str, _: i64) -> Result<Revocations, StoreError> {
        away()
    }

    fn changes(&self) -> watch::Receiver<()> {
        watch::Sender::new(()).subscribe()
    }

    async fn all_readers_passed(&self, _: i64) -> Result<bool, StoreError> {
        away()
    }

    async fn ready(&self) -> Result<(), StoreError> {
        away()
    }

    fn readings(&self) -> Arc<dyn KeptReadings> {
        Arc::new(MemoryReadings::default())
    }

    async fn sweep(&self, _: Timestamp) -> Result<u64, StoreError> {
        away()
    }
}

#[async_trait]
impl LoginThrottleStore for DownStore {
    fn rate_limits(&self) -> Arc<dyn RateLimitStore> {
        Arc::new(Self)
    }

    async fn remember(&self, _: &Digest, _: Timestamp) -> Result<(), StoreError> {
        away()
    }

    async fn is_known(&self, _: &Digest, _: Timestamp) -> Result<bool, StoreError> {
        away()
    }

    async fn sweep(&self, _: Timestamp) -> Result<u64, StoreError> {
        away()
    }
}

#[async_trait]
impl RateLimitStore for DownStore {
    async fn try_acquire(&self, _: &[RateLimit], _: Timestamp) -> Result<Decision, StoreError> {
        away()
    }

    async fn refund(&self, _: &Permit, _: Timestamp) -> Result<(), StoreError> {
        away()
    }

    async fn fail(&self, _: &Permit, _: Timestamp) -> Result<(), StoreError> {
        away()
    }

    async fn reset(&self, _: &Digest) -> Result<(), StoreError> {
        away()
    }

    async fn sweep(&self, _: Timestamp) -> Result<u64, StoreError> {
        away()
    }
}

/// Knows `user1` with the password `123`.
pub struct OneAccount;

#[async_trait]
impl CredentialCheck for OneAccount {
    async fn check(&self, credential: &Credential) -> Result<Option<Account>, CallError> {
        let fits = credential.username == "user1" && credential.password == "123";
        Ok(fits.then(|| Account {
            customer_id: CustomerId(1),
            username: "user1".to_owned(),
            full_name: "Vũ Thanh Hải".to_owned(),
            roles: vec!["ROLE_USER".to_owned()],
            session_number: SessionNumber(4),
        }))
    }
}

/// Customer management is down.
pub struct Away;

#[async_trait]
impl CredentialCheck for Away {
    async fn check(&self, _: &Credential) -> Result<Option<Account>, CallError> {
        Err(CallError::Unavailable(ServiceName::Customer, None))
    }
}
