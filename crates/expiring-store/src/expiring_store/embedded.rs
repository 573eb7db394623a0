//! In process: one map under one lock, and a task that waits for the next key to expire.
//!
//! Every key is in memory; a caller that puts many of them bounds their number and time.

mod keyspace;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use colloquy_chassis::Tasks;
use tokio::{sync::Notify, time::Instant};

use super::{
    Entry, ExpiringStore, ExpiringStoreError, MIN_TTL, Notice, Set,
    watch::{Notices, Watch},
};
use keyspace::Keyspace;

/// The embedded store. Cheap to clone; its clones share one state.
#[derive(Clone)]
pub struct EmbeddedExpiringStore(Arc<Shared>);

#[derive(Default)]
struct Shared {
    keyspace: Mutex<Keyspace>,
    notices: Notices,
    sooner: Notify,
}

impl EmbeddedExpiringStore {
    /// An empty store; its expiry queue runs until the process ends.
    #[must_use]
    pub fn start(tasks: &Tasks) -> Self {
        let store = Self(Arc::default());
        let (shared, stopping) = (Arc::clone(&store.0), tasks.clone());
        tasks.spawn_vital("expiry queue", async move {
            tokio::select! {
                () = stopping.stopping() => {}
                () = expire_when_due(&shared) => {}
            }
        });
        store
    }

    /// Does one thing at one instant, after the keys that have expired by then are gone. Its notices are sent under the lock.
    fn at_once<T>(&self, act: impl FnOnce(&mut Keyspace, Instant) -> T) -> T {
        let now = Instant::now();
        let mut keyspace = self.0.expired_by(now);
        let next = keyspace.next_expiry();
        let outcome = act(&mut keyspace, now);
        if keyspace
            .next_expiry()
            .is_some_and(|at| next.is_none_or(|next| at < next))
        {
            self.0.sooner.notify_one();
        }
        outcome
    }
}

impl Shared {
    /// The keys that live at `now`; notices of the others are sent under the lock, so that they are in order.
    fn expired_by(&self, now: Instant) -> MutexGuard<'_, Keyspace> {
        let mut keyspace = self.keyspace.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(key) = keyspace.pop_expired(now) {
            self.notices.send(Notice::Expired { key });
        }
        keyspace
    }
}

async fn expire_when_due(shared: &Shared) {
    loop {
        let next = shared.expired_by(Instant::now()).next_expiry();
        let sooner = shared.sooner.notified();
        match next {
            None => sooner.await,
            Some(at) => tokio::select! {
                () = sooner => {}
                () = tokio::time::sleep_until(at) => {}
            },
        }
    }
}

/// When a key that is stored now expires.
fn expiry(now: Instant, ttl: Duration) -> Instant {
    now + ttl.max(MIN_TTL)
}

#[async_trait]
impl ExpiringStore for EmbeddedExpiringStore {
    async fn put(&self, key: &str, value: Bytes, ttl: Duration) -> Result<(), ExpiringStoreError> {
        self.at_once(|keys, now| keys.put(key, value, expiry(now, ttl)));
        Ok(())
    }

    async fn put_if_absent(
        &self,
        key: &str,
        value: Bytes,
        ttl: Duration,
    ) -> Result<bool, ExpiringStoreError> {
        Ok(self.at_once(|keys, now| {
            let absent = !keys.contains(key);
            if absent {
                keys.put(key, value, expiry(now, ttl));
            }
            absent
        }))
    }

    async fn get(&self, key: &str) -> Result<Option<Entry>, ExpiringStoreError> {
        self.at_once(|keys, now| {
            Ok(keys.value(key)?.map(|(value, expires_at)| Entry {
                value: value.clone(),
                remaining: expires_at - now,
            }))
        })
    }

    async fn take_if(&self, key: &str, value: &[u8]) -> Result<bool, ExpiringStoreError> {
        self.at_once(|keys, _| {
            let is_stored = keys.value(key)?.is_some_and(|(stored, _)| stored == value);
            Ok(is_stored && keys.remove(key))
        })
    }

    async fn delete(&self, key: &str) -> Result<bool, ExpiringStoreError> {
        Ok(self.at_once(|keys, _| keys.remove(key)))
    }

    async fn count(&self, key: &str, ttl: Duration) -> Result<u64, ExpiringStoreError> {
        self.at_once(|keys, now| keys.count(key, expiry(now, ttl)))
    }

    async fn join(
        &self,
        set: Set<'_>,
        member: &str,
        ttl: Duration,
    ) -> Result<(), ExpiringStoreError> {
        self.at_once(|keys, now| {
            let mut members = keys.members(set.key, now)?;
            let is_noticed = members.is_empty() || set.repeats_occupied;
            members.insert(member.to_owned(), expiry(now, ttl));
            keys.set_members(set, members);
            if is_noticed {
                let set = set.key.to_owned();
                self.0.notices.send(Notice::Occupied { set });
            }
            Ok(())
        })
    }

    async fn leave(&self, set: Set<'_>, member: &str) -> Result<(), ExpiringStoreError> {
        self.at_once(|keys, now| {
            let mut members = keys.members(set.key, now)?;
            members.remove(member);
            let is_empty = members.is_empty();
            keys.set_members(set, members);
            if is_empty {
                let set = set.key.to_owned();
                self.0.notices.send(Notice::Emptied { set });
            }
            Ok(())
        })
    }

    async fn members(&self, set: &str) -> Result<Vec<String>, ExpiringStoreError> {
        self.at_once(|keys, now| Ok(keys.members(set, now)?.into_keys().collect()))
    }

    async fn watch(&self) -> Result<Watch, ExpiringStoreError> {
        Ok(self.0.notices.watch())
    }
}
