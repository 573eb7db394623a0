//! Keeps the expiring store in step with the presence of this node's sessions, however long the store is away.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use colloquy_chassis::{Tasks, backoff::Backoff};
use colloquy_expiring_store::{ExpiringStore, ExpiringStoreError, Set};
use futures_util::future::join_all;
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};
use uuid::Uuid;

use super::{
    Times,
    local_presence::{Call, LocalPresence},
    presence_key::PresenceKey,
};

/// Calls of the store that are under way at once.
const CALLS: usize = 64;
/// How long a node that stops tries to leave the sets of a store that is away: its members expire by themselves.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(3);

/// Joins and leaves the sets of the store on behalf of this node.
pub struct PresencePublisher {
    pub(super) store: Arc<dyn ExpiringStore>,
    /// This node's name as a member. A restart takes a new one: the earlier one expires.
    node: String,
    local: Mutex<LocalPresence>,
    changed: Notify,
}

impl PresencePublisher {
    /// A node without sessions; [`PresencePublisher::run`] makes the calls.
    #[must_use]
    pub fn new(store: Arc<dyn ExpiringStore>, times: Times) -> Self {
        Self {
            store,
            node: Uuid::new_v4().simple().to_string(),
            local: Mutex::new(LocalPresence::new(times)),
            changed: Notify::new(),
        }
    }

    /// Changes what the sessions claim, as of now.
    pub fn update(&self, change: impl FnOnce(&mut LocalPresence, Instant)) {
        change(&mut self.local(), Instant::now());
        self.changed.notify_one();
    }

    /// Whether no session claims anything and the store knows.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.local().is_empty()
    }

    /// Publishes changes and heartbeats until the process stops and all sessions have ended.
    pub async fn run(&self, tasks: &Tasks) {
        let mut backoff = Backoff::default();
        let mut give_up_at = None;
        loop {
            let calls = self.local().next(Instant::now(), CALLS);
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
                    let now = Instant::now();
                    if tasks.is_stopping() && *give_up_at.get_or_insert(now + LEAVE_TIMEOUT) <= now
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

    /// Makes all calls at once; the error is that of one which failed.
    async fn carry_out(&self, calls: &[Call]) -> Result<(), ExpiringStoreError> {
        let outcomes = join_all(calls.iter().map(|call| self.make(*call))).await;
        let (mut local, now) = (self.local(), Instant::now());
        for (call, outcome) in calls.iter().zip(&outcomes) {
            local.done(*call, outcome.is_ok(), now);
        }
        outcomes.into_iter().collect()
    }

    async fn make(&self, call: Call) -> Result<(), ExpiringStoreError> {
        let (Call::Join(key, _) | Call::Leave(key)) = call;
        let (set_key, marker_key) = (key.set_key(), key.marker_key());
        let set = Set {
            key: &set_key,
            marker: marker_key.as_deref(),
            // A node that missed the beginning of a customer's typing learns of it from the next heartbeat.
            repeats_occupied: matches!(key, PresenceKey::Typing(..)),
        };
        match call {
            Call::Join(_, ttl) => self.store.join(set, &self.node, ttl).await,
            Call::Leave(_) => self.store.leave(set, &self.node).await,
        }
    }

    async fn wait(&self, tasks: &Tasks) {
        let due = self.local().next_due();
        tokio::select! {
            () = self.changed.notified() => {}
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
            () = tasks.stopping(), if !tasks.is_stopping() => {}
        }
    }

    fn local(&self) -> MutexGuard<'_, LocalPresence> {
        self.local.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
