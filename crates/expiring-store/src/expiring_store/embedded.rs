//! In process: one map under one lock, and a task that waits for the next key to expire.
//!
//! Every key is in memory; whoever puts many of them bounds their number and time.

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
    ExpiringStore, ExpiringStoreError, Held, Joined, Left, Notice, SHORTEST, Set, Watch,
    notices::Notices,
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
                () = expire_in_time(&shared) => {}
            }
        });
        store
    }

    /// Does one thing at one instant, once what is over by then is gone. What it tells is told under the lock.
    fn now<T>(&self, act: impl FnOnce(&mut Keyspace, Instant) -> T) -> T {
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
    /// The keys that are there at `now`; the others are told under the lock, so that their notices are in order.
    fn expired_by(&self, now: Instant) -> MutexGuard<'_, Keyspace> {
        let mut keyspace = self.keyspace.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(key) = keyspace.pop_expired(now) {
            self.notices.tell(Notice::Expired { key });
        }
        keyspace
    }
}

async fn expire_in_time(shared: &Shared) {
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

/// When a time that begins now is over.
fn end(now: Instant, ttl: Duration) -> Instant {
    now + ttl.max(SHORTEST)
}

#[async_trait]
impl ExpiringStore for EmbeddedExpiringStore {
    async fn put(&self, key: &str, value: Bytes, ttl: Duration) -> Result<(), ExpiringStoreError> {
        self.now(|keys, now| keys.put(key, value, end(now, ttl)));
        Ok(())
    }

    async fn put_if_absent(
        &self,
        key: &str,
        value: Bytes,
        ttl: Duration,
    ) -> Result<bool, ExpiringStoreError> {
        Ok(self.now(|keys, now| {
            let absent = !keys.contains(key);
            if absent {
                keys.put(key, value, end(now, ttl));
            }
            absent
        }))
    }

    async fn get(&self, key: &str) -> Result<Option<Held>, ExpiringStoreError> {
        self.now(|keys, now| {
            Ok(keys.value(key)?.map(|(value, expires_at)| Held {
                value: value.clone(),
                remaining: expires_at - now,
            }))
        })
    }

    async fn take_if(&self, key: &str, value: &[u8]) -> Result<bool, ExpiringStoreError> {
        self.now(|keys, _| {
            let is_held = keys.value(key)?.is_some_and(|(held, _)| held == value);
            Ok(is_held && keys.remove(key))
        })
    }

    async fn delete(&self, key: &str) -> Result<bool, ExpiringStoreError> {
        Ok(self.now(|keys, _| keys.remove(key)))
    }

    async fn count(&self, key: &str, ttl: Duration) -> Result<u64, ExpiringStoreError> {
        self.now(|keys, now| keys.count(key, end(now, ttl)))
    }

    async fn join(
        &self,
        set: Set<'_>,
        member: &str,
        ttl: Duration,
    ) -> Result<Joined, ExpiringStoreError> {
        self.now(|keys, now| {
            let mut members = keys.members(set.key, now)?;
            let first = members.is_empty();
            members.insert(member.to_owned(), end(now, ttl));
            keys.set_members(set, members);
            if first {
                let set = set.key.to_owned();
                self.0.notices.tell(Notice::Occupied { set });
            }
            Ok(Joined { first })
        })
    }

    async fn leave(&self, set: Set<'_>, member: &str) -> Result<Left, ExpiringStoreError> {
        self.now(|keys, now| {
            let mut members = keys.members(set.key, now)?;
            let left = members.remove(member).is_some();
            let is_empty = members.is_empty();
            keys.set_members(set, members);
            if is_empty {
                let set = set.key.to_owned();
                self.0.notices.tell(Notice::Emptied { set });
            }
            Ok(Left {
                last: left && is_empty,
            })
        })
    }

    async fn members(&self, set: &str) -> Result<Vec<String>, ExpiringStoreError> {
        self.now(|keys, now| Ok(keys.members(set, now)?.into_keys().collect()))
    }

    async fn publish(&self, channel: &str, payload: Bytes) -> Result<(), ExpiringStoreError> {
        self.0.notices.tell(Notice::Published {
            channel: channel.to_owned(),
            payload,
        });
        Ok(())
    }

    async fn watch(&self, prefix: &str) -> Result<Box<dyn Watch>, ExpiringStoreError> {
        Ok(self.0.notices.watch(prefix))
    }
}
