//! The service: the projector behind, the queries in front.

use std::{sync::Arc, time::Duration};

use colloquy_chassis::{Clock, Failure, Kind, Tasks, readiness::Gate};
use colloquy_contracts::{RoomId, Seq};
use colloquy_event_log::EventLog;
use colloquy_expiring_store::ExpiringStore;
use colloquy_service_api::MembershipCheck;
use tokio::{sync::watch, time::Instant};

use crate::{
    projector::Projector,
    view_store::{ViewStore, ViewStoreError},
};

/// How long a query waits for a seq (decision 12).
const PATIENCE: Duration = Duration::from_secs(2);
/// Another instance may be the one that projects the room: then nothing wakes us here.
const POLL: Duration = Duration::from_millis(50);

/// What the read side stands on.
pub struct Foundation {
    /// Where the views live.
    pub store: Arc<dyn ViewStore>,
    /// Where events come from and announcements go.
    pub log: Arc<dyn EventLog>,
    /// Where it is held for a time who is online.
    pub expiring_store: Arc<dyn ExpiringStore>,
    /// Decides who may read which room.
    pub membership: MembershipCheck,
    /// Tells when an event is set aside.
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
    /// The view has not come that far in time.
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
    pub fn start(foundation: Foundation, tasks: &Tasks, gate: Gate) -> Arc<Self> {
        let (saves, seen) = watch::channel(0);
        let projector = Projector {
            store: Arc::clone(&foundation.store),
            log: foundation.log,
            clock: foundation.clock,
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
            store: foundation.store,
            expiring_store: foundation.expiring_store,
            membership: foundation.membership,
            saves: seen,
        })
    }

    /// Waits until the view of a room holds this seq. Seqs begin at 1, so there is nothing to wait for up to 0, in a
    /// room without messages either.
    ///
    /// # Errors
    /// It does not within 2 s, or the store is unavailable.
    pub async fn wait_for(&self, room: RoomId, seq: Seq) -> Result<(), WaitError> {
        let deadline = Instant::now() + PATIENCE;
        let mut saves = self.saves.clone();
        loop {
            saves.mark_unchanged();
            if self.store.highest_seq(room).await?.unwrap_or(Seq(0)) >= seq {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(WaitError::TooEarly(seq));
            }
            let next_poll = (Instant::now() + POLL).min(deadline);
            // A closed channel means that the process is stopping: only the poll is left.
            if let Ok(Err(_)) = tokio::time::timeout_at(next_poll, saves.changed()).await {
                tokio::time::sleep_until(next_poll).await;
            }
        }
    }
}
