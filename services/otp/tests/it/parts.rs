//! What tests run otp with: real stores, a clock that is moved by hand, keys that differ.

use std::sync::Arc;

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use colloquy_chassis::{Lifecycle, clock::ManualClock};
use colloquy_contracts::Timestamp;
use colloquy_credentials::keys::{KeyFolder, SealKey};
use colloquy_expiring_store::{
    EmbeddedExpiringStore, ExpiringStore, RedisExpiringStore, expiring_store::redis::RedisSettings,
};
use colloquy_otp::{Otp, SystemRandomness};
use colloquy_service_api::{
    CallError, OneTimeCodes,
    one_time_codes::{Asking, IssuedCode, OneTimeCode, Requester, Typed},
};
use tempfile::TempDir;
use tokio::net::TcpListener;
use uuid::Uuid;

pub const AN: &str = "an@example.com";
/// Where the code of [`AN`] is kept (contract §7).
pub const KEY_OF_AN: &str = "OTP:FORGET_PASS:an@example.com";
/// 2023-11-14T22:13:20Z.
pub const NOW: i64 = 1_700_000_000_000;

pub type Store = Arc<dyn ExpiringStore>;

/// An empty embedded store.
pub fn embedded() -> (Lifecycle, Store) {
    let lifecycle = Lifecycle::default();
    let store = EmbeddedExpiringStore::start(&lifecycle.tasks());
    (lifecycle, Arc::new(store))
}

/// An empty part of Redis.
pub fn redis() -> (Lifecycle, Store) {
    redis_under(&redis_prefix())
}

/// The part of Redis whose keys begin like this.
pub fn redis_under(prefix: &str) -> (Lifecycle, Store) {
    redis_at(redis_url(), prefix)
}

pub fn redis_prefix() -> String {
    format!("test:otp:{}:", Uuid::new_v4().simple())
}

pub fn redis_url() -> String {
    std::env::var("COLLOQUY_TEST_REDIS")
        .expect("run the tests with `cargo xtask test`, which starts the real parts")
}

/// A store whose Redis is not there.
pub async fn nowhere() -> (Lifecycle, Store) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    redis_at(format!("redis://127.0.0.1:{port}"), "")
}

fn redis_at(url: String, prefix: &str) -> (Lifecycle, Store) {
    let lifecycle = Lifecycle::default();
    let key_prefix = prefix.to_owned();
    let settings = RedisSettings {
        address: url.into(),
        key_prefix,
    };
    let store = RedisExpiringStore::start(settings, &lifecycle.tasks()).unwrap();
    (lifecycle, Arc::new(store))
}

/// A key folder whose seal key has this text.
pub fn folder_with_seal(text: &str) -> (TempDir, KeyFolder) {
    let place = tempfile::tempdir().unwrap();
    std::fs::create_dir(place.path().join("otp")).unwrap();
    std::fs::write(place.path().join("otp").join("seal.key"), text).unwrap();
    let folder = KeyFolder::new(place.path());
    (place, folder)
}

/// The key that is this byte, again and again.
pub fn key(byte: u8) -> SealKey {
    let (_place, folder) = folder_with_seal(&STANDARD.encode([byte; 32]));
    folder.otp_seal().unwrap()
}

pub fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::from_millis(NOW)))
}

/// The service on this store, at an instant that does not pass.
pub fn otp_on(store: &Store) -> Arc<Otp> {
    otp_with(store, &key(1), &clock())
}

pub fn otp_with(store: &Store, key: &SealKey, clock: &Arc<ManualClock>) -> Arc<Otp> {
    let randomness = Arc::new(SystemRandomness::default());
    Otp::new(Arc::clone(store), key, randomness, Arc::clone(clock) as _)
}

pub fn code(text: &str) -> OneTimeCode {
    OneTimeCode(text.to_owned())
}

/// Another code: the one after it.
pub fn wrong(right: &OneTimeCode) -> OneTimeCode {
    nth_wrong(right, 1)
}

/// Another code; each `n` below a million is one of its own.
pub fn nth_wrong(right: &OneTimeCode, n: u32) -> OneTimeCode {
    let number: u32 = right.0.parse().unwrap();
    code(&format!("{:06}", (number + n) % 1_000_000))
}

pub fn requester(name: &str) -> Requester {
    Requester(name.to_owned())
}

/// A request of this requester, whose code will be mailed.
pub fn asking(name: &str) -> Asking {
    Asking {
        requester: requester(name),
        ..Asking::default()
    }
}

/// What this requester typed.
pub fn typed(name: &str, code: &OneTimeCode) -> Typed {
    Typed {
        otp_code: code.clone(),
        requester: requester(name),
        only_asker: false,
    }
}

/// Codes for tests in which all requests are one requester's.
#[async_trait]
pub trait OneRequester {
    async fn generate(&self, email: &str) -> Result<IssuedCode, CallError>;
    async fn resend(&self, email: &str) -> Result<IssuedCode, CallError>;
    async fn validate(&self, email: &str, code: &OneTimeCode) -> Result<bool, CallError>;
}

#[async_trait]
impl OneRequester for Otp {
    async fn generate(&self, email: &str) -> Result<IssuedCode, CallError> {
        OneTimeCodes::generate(self, email, &asking("")).await
    }

    async fn resend(&self, email: &str) -> Result<IssuedCode, CallError> {
        OneTimeCodes::resend(self, email, &asking("")).await
    }

    async fn validate(&self, email: &str, code: &OneTimeCode) -> Result<bool, CallError> {
        OneTimeCodes::validate(self, email, &typed("", code)).await
    }
}
