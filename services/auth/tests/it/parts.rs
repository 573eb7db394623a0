//! What tests run auth with: real keys, a clock that is moved by hand, and a check that knows one account.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use colloquy_auth::{Auth, SessionSigner, Settings, signing::SessionIds};
use colloquy_chassis::{
    ServiceName, clock::ManualClock, keys::KeyFolder, session_token::SessionVerifier,
};
use colloquy_contracts::{CustomerId, Timestamp};
use colloquy_service_api::{Account, CallError, CredentialCheck, credential_check::Credential};
use tempfile::TempDir;

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
    SessionVerifier::load(&keys(), Arc::clone(clock) as _).unwrap()
}

/// Auth in front of `credentials`.
pub fn auth(credentials: impl CredentialCheck, secure_cookie: bool) -> Arc<Auth> {
    let signer = SessionSigner::load(&keys())
        .unwrap()
        .with_session_ids(Arc::new(OneId));
    let settings = Settings { secure_cookie };
    Auth::new(Arc::new(credentials), signer, clock(), settings)
}

struct OneId;

impl SessionIds for OneId {
    fn next(&self) -> String {
        SESSION_ID.to_owned()
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
