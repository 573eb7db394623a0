//! A store between whose calls something happens: another caller is faster, or the store goes down.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use colloquy_expiring_store::{Entry, ExpiringStore, ExpiringStoreError, Set, Watch};

use crate::parts::Store;

/// The calls that otp makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Put,
    PutIfAbsent,
    Get,
    TakeIf,
    Count,
    Delete,
    Join,
    Members,
}

/// What happens before a call; its failure is the call's.
pub type Happening = Pin<Box<dyn Future<Output = Result<(), ExpiringStoreError>> + Send>>;

struct Interrupted<H> {
    store: Store,
    before: H,
}

/// The store, with something that happens before each call; if that fails the call does too, and is not made.
pub fn interrupted<H>(store: &Store, before: H) -> Store
where
    H: Fn(Call) -> Happening + Send + Sync + 'static,
{
    let store = Arc::clone(store);
    Arc::new(Interrupted { store, before })
}

/// What a store says that is away.
pub fn down() -> ExpiringStoreError {
    ExpiringStoreError::Unavailable("down".into())
}

const OTHERS: &str = "otp makes no such call";

#[async_trait]
impl<H: Fn(Call) -> Happening + Send + Sync + 'static> ExpiringStore for Interrupted<H> {
    async fn put(&self, key: &str, value: Bytes, ttl: Duration) -> Result<(), ExpiringStoreError> {
        (self.before)(Call::Put).await?;
        self.store.put(key, value, ttl).await
    }

    async fn put_if_absent(
        &self,
        key: &str,
        value: Bytes,
        ttl: Duration,
    ) -> Result<bool, ExpiringStoreError> {
        (self.before)(Call::PutIfAbsent).await?;
        self.store.put_if_absent(key, value, ttl).await
    }

    async fn get(&self, key: &str) -> Result<Option<Entry>, ExpiringStoreError> {
        (self.before)(Call::Get).await?;
        self.store.get(key).await
    }

    async fn take_if(&self, key: &str, value: &[u8]) -> Result<bool, ExpiringStoreError> {
        (self.before)(Call::TakeIf).await?;
        self.store.take_if(key, value).await
    }

    async fn count(&self, key: &str, ttl: Duration) -> Result<u64, ExpiringStoreError> {
        (self.before)(Call::Count).await?;
        self.store.count(key, ttl).await
    }

    async fn delete(&self, key: &str) -> Result<bool, ExpiringStoreError> {
        (self.before)(Call::Delete).await?;
        self.store.delete(key).await
    }

    async fn join(
        &self,
        set: Set<'_>,
        member: &str,
        ttl: Duration,
    ) -> Result<(), ExpiringStoreError> {
        (self.before)(Call::Join).await?;
        self.store.join(set, member, ttl).await
    }

    async fn leave(&self, _: Set<'_>, _: &str) -> Result<(), ExpiringStoreError> {
        unreachable!("{OTHERS}")
    }

    async fn members(&self, set: &str) -> Result<Vec<String>, ExpiringStoreError> {
        (self.before)(Call::Members).await?;
        self.store.members(set).await
    }

    async fn watch(&self) -> Result<Watch, ExpiringStoreError> {
        unreachable!("{OTHERS}")
    }
}
