//! Keeps the expiring store in step with what this node's sessions want it to hold, however long the store is away.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use colloquy_chassis::{Tasks, backoff::Backoff};
use colloquy_expiring_store::{ExpiringStore, ExpiringStoreError, Set};
use futures_util::future::join_all;
use tokio::{sync::Notify, time::Instant};
use uuid::Uuid;

use super::{
    Times,
    claims::{Call, Claims},
    sign::Sign,
};

/// Calls that are under way at once.
const CALLS: usize = 64;
/// How long a node that stops tries to take leave of a store that is away: what is held of it runs out by itself.
const LAST_TRIES: Duration = Duration::from_secs(3);

/// The node's place in the sets of the store.
pub struct Keeper {
    store: Arc<dyn ExpiringStore>,
    /// What this node is called in sets. Another one after a restart: what it was before runs out.
    node: String,
    claims: Mutex<Claims>,
    changed: Notify,
}

impl Keeper {
    /// Nothing is claimed yet; [`Keeper::run`] tells the store.
    #[must_use]
    pub fn new(store: Arc<dyn ExpiringStore>, times: Times) -> Self {
        Self {
            store,
            node: Uuid::new_v4().simple().to_string(),
            claims: Mutex::new(Claims::new(times)),
            changed: Notify::new(),
        }
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &dyn ExpiringStore {
        self.store.as_ref()
    }

    /// A session wants the sign shown until then, or until it releases it.
    pub fn claim(&self, sign: Sign, session: u64, until: Option<Instant>) {
        self.claims().claim(sign, session, until);
        self.changed.notify_one();
    }

    /// A session does not want it any more.
    pub fn release(&self, sign: Sign, session: u64) {
        self.claims().release(sign, session);
        self.changed.notify_one();
    }

    /// A session says once more that it wants it.
    pub fn renew(&self, sign: Sign) {
        self.claims().renew(sign, Instant::now());
        self.changed.notify_one();
    }

    /// Whether nothing is claimed and the store knows.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.claims().is_empty()
    }

    /// Tells the store what it is to hold, until the process stops and all sessions have ended.
    pub async fn run(&self, tasks: &Tasks) {
        let mut backoff = Backoff::default();
        let mut given_up_at = None;
        loop {
            let calls = self.claims().next(Instant::now(), CALLS);
            if calls.is_empty() {
                if tasks.is_stopping() && self.is_idle() {
                    return;
                }
                self.wait(tasks).await;
                continue;
            }
            match self.carry_out(&calls).await {
                Ok(()) => backoff.reset(),
                Err(error) => {
                    if tasks.is_stopping()
                        && *given_up_at.get_or_insert_with(|| Instant::now() + LAST_TRIES)
                            <= Instant::now()
                    {
                        return;
                    }
                    metrics::counter!("colloquy_websocket_presence_calls_failed_total")
                        .increment(1);
                    tracing::warn!(%error, "presence cannot be updated; chat is not affected");
                    backoff.wait().await;
                }
            }
        }
    }

    /// Carries out all calls at once; the error is that of one which failed.
    async fn carry_out(&self, calls: &[Call]) -> Result<(), ExpiringStoreError> {
        let outcomes = join_all(calls.iter().map(|call| self.tell(*call))).await;
        let (mut claims, now) = (self.claims(), Instant::now());
        for (call, outcome) in calls.iter().zip(&outcomes) {
            claims.done(*call, outcome.is_ok(), now);
        }
        outcomes.into_iter().collect()
    }

    async fn tell(&self, call: Call) -> Result<(), ExpiringStoreError> {
        let (Call::Join(sign, _) | Call::Leave(sign)) = call;
        let (key, standing_key) = (sign.key(), sign.standing_key());
        let set = Set {
            key: &key,
            sign: standing_key.as_deref(),
        };
        match call {
            Call::Join(_, ttl) => {
                let joined = self.store.join(set, &self.node, ttl).await?;
                // Said again: a node that was not there, or missed it, when it began hears of it now.
                if !joined.first && matches!(sign, Sign::Typing(..)) {
                    self.store.publish(&key, Bytes::new()).await?;
                }
                Ok(())
            }
            Call::Leave(_) => self.store.leave(set, &self.node).await.map(drop),
        }
    }

    async fn wait(&self, tasks: &Tasks) {
        let alarm = self.claims().next_alarm();
        let until = alarm.unwrap_or_else(|| Instant::now() + Duration::from_secs(60));
        tokio::select! {
            () = self.changed.notified() => {}
            () = tokio::time::sleep_until(until) => {}
            () = tasks.stopping(), if !tasks.is_stopping() => {}
        }
    }

    fn claims(&self) -> MutexGuard<'_, Claims> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
