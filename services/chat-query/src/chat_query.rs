//! The service: a projector that runs in the background, and what the queries share.

use std::{sync::Arc, time::Duration};

use colloquy_chassis::{Clock, Failure, Kind, Tasks, figures::Figures, readiness::Gate};
use colloquy_contracts::{RoomId, Seq};
use colloquy_event_log::{EventLog, GroupProgress};
use colloquy_expiring_store::ExpiringStore;
use colloquy_service_api::MembershipCheck;
use tokio::{sync::watch, time::Instant};

use crate::{
    meters,
    projector::Projector,
    view_store::{ViewStore, ViewStoreError},
};

/// How long a query waits for a seq (decision 12).
const SEQ_TIMEOUT: Duration = Duration::from_secs(2);
/// Another instance may project the room: then nothing wakes the query here.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// What the read side depends on.
pub struct Dependencies {
    /// The views.
    pub store: Arc<dyn ViewStore>,
    /// The log that events are read from and announcements are appended to.
    pub log: Arc<dyn EventLog>,
    /// The sessions of customers who are online.
    pub expiring_store: Arc<dyn ExpiringStore>,
    /// Decides which customer may read which room.
    pub membership: MembershipCheck,
    /// The time at which an event is parked.
    pub clock: Arc<dyn Clock>,
}

/// The read side, serving.
pub struct ChatQuery {
    pub(crate) store: Arc<dyn ViewStore>,
    pub(crate) expiring_store: Arc<dyn ExpiringStore>,
    pub(crate) membership: MembershipCheck,
    saves: watch::Receiver<u64>,
}

/// Why a query that asked for a seq cannot be answered.
#[derive(Debug, thiserror::Error)]
pub enum WaitError {
    /// The view did not reach this seq in time.
    #[error("the view has not reached seq {0} yet")]
    TooEarly(Seq),
    /// The view cannot be read.
    #[error(transparent)]
    Store(#[from] ViewStoreError),
}

impl Failure for WaitError {
    fn kind(&self) -> Kind {
        match self {
            Self::TooEarly(_) => Kind::Unavailable,
            Self::Store(error) => error.kind(),
        }
    }
}

impl ChatQuery {
    /// Starts projecting and answers the service. The gate opens when the projector has its store and its share of
    /// the log.
    #[must_use]
    pub fn start(dependencies: Dependencies, tasks: &Tasks, gate: Gate) -> Arc<Self> {
        meters::describe();
        let (saves, saved) = watch::channel(0);
        let projector = Projector {
            store: Arc::clone(&dependencies.store),
            log: dependencies.log,
            clock: dependencies.clock,
            saves,
        };
        let stopping = tasks.clone();
        tasks.spawn_vital("projector", async move {
            tokio::select! {
                () = stopping.stopping() => {}
                () = projector.run(gate) => {}
            }
        });
        Arc::new(Self {
            store: dependencies.store,
            expiring_store: dependencies.expiring_store,
            membership: dependencies.membership,
            saves: saved,
        })
    }

    /// Shows operators how far the views are behind the log, and how much is parked, whenever they ask.
    pub fn show(&self, log: Arc<dyn GroupProgress>, figures: &Figures) {
        meters::show(Arc::clone(&self.store), log, figures);
    }

    /// Waits until the view of a room has reached this seq. Seqs begin at 1, so 0 or less is reached at once, also in a room
    /// without messages.
    ///
    /// # Errors
    /// The view has not reached it within 2 s, or the store is unavailable.
    pub async fn wait_for(&self, room: RoomId, seq: Seq) -> Result<(), WaitError> {
        let deadline = Instant::now() + SEQ_TIMEOUT;
        let mut saves = self.saves.clone();
        loop {
            saves.mark_unchanged();
            if self.store.highest_seq(room).await?.unwrap_or(Seq(0)) >= seq {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(WaitError::TooEarly(seq));
            }
            let next_poll = (Instant::now() + POLL_INTERVAL).min(deadline);
            // A closed channel means that the process is stopping: only the poll is left.
            if let Ok(Err(_)) = tokio::time::timeout_at(next_poll, saves.changed()).await {
                tokio::time::sleep_until(next_poll).await;
            }
        }
    }
}
