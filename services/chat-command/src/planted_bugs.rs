//! Bugs on purpose, to prove that the checker of `faults` catches them. Compiled only with the feature `planted-bugs`
//! and chosen by the environment variable `COLLOQUY_PLANTED_BUG`; nothing of this is in a normal build.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use colloquy_contracts::RoomId;
use colloquy_event_log::{EventLog, NewEvent};
use colloquy_sql::StoreError;
use uuid::Uuid;

use crate::outbox::{Backlog, Lease, Outbox, Unpublished};

fn chosen(bug: &str) -> bool {
    std::env::var("COLLOQUY_PLANTED_BUG").is_ok_and(|chosen| chosen == bug)
}

/// `publish-before-commit`: a kill between the two leaves an event of something that never happened.
#[derive(Clone)]
pub(crate) struct PublishBeforeCommit(Arc<dyn EventLog>);

/// Makes such a kill likely to hit.
const GAP: Duration = Duration::from_millis(30);

impl PublishBeforeCommit {
    pub(crate) fn chosen(log: Arc<dyn EventLog>) -> Option<Self> {
        chosen("publish-before-commit").then_some(Self(log))
    }

    pub(crate) async fn publish(&self, events: &[NewEvent]) {
        if self.0.append(events).await.is_ok() {
            tokio::time::sleep(GAP).await;
        }
    }
}

impl fmt::Debug for PublishBeforeCommit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublishBeforeCommit")
    }
}

/// The outbox as the relay sees it, with `relay-polls-by-id` if that is chosen.
pub(crate) fn relay_outbox(outbox: Arc<dyn Outbox>) -> Arc<dyn Outbox> {
    if chosen("relay-polls-by-id") {
        Arc::new(PollsById {
            outbox,
            last: AtomicI64::new(0),
        })
    } else {
        outbox
    }
}

/// `relay-polls-by-id`: remembers the last id and misses a lower one that is committed later.
struct PollsById {
    outbox: Arc<dyn Outbox>,
    last: AtomicI64,
}

#[async_trait]
impl Outbox for PollsById {
    async fn renew_lease(&self, holder: Uuid, ttl: Duration) -> Result<Option<Lease>, StoreError> {
        self.outbox.renew_lease(holder, ttl).await
    }

    async fn release_lease(&self, lease: Lease) -> Result<(), StoreError> {
        self.outbox.release_lease(lease).await
    }

    async fn unpublished(
        &self,
        lease: Lease,
        limit: u32,
        without: &[RoomId],
    ) -> Result<Option<Vec<Unpublished>>, StoreError> {
        let last = self.last.load(Ordering::SeqCst);
        let waiting = self.outbox.unpublished(lease, limit, without).await?;
        Ok(waiting.map(|mut waiting| {
            waiting.retain(|row| row.id > last);
            let newest = waiting.last().map_or(last, |row| row.id);
            self.last.store(newest, Ordering::SeqCst);
            waiting
        }))
    }

    async fn remove(&self, ids: &[i64]) -> Result<(), StoreError> {
        self.outbox.remove(ids).await
    }

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        self.outbox.backlog().await
    }

    async fn notified(&self) {
        self.outbox.notified().await;
    }
}
