//! Carries committed events from the outbox to the event log, in id order, under the lease (decision 5).
//!
//! A relay that slept through the end of its lease may publish once more what another one has published: readers drop
//! repeats. It never publishes out of order, because both take the same rows in the same order.
//!
//! It outlives the writer of its process, so that a stop leaves nothing behind that was acknowledged.

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use colloquy_chassis::{Tasks, answer::chain, backoff::Backoff};
use colloquy_event_log::{EventLog, EventLogError};
use colloquy_sql::StoreError;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::outbox::{Lease, Outbox, Unpublished};

const LEASE: Duration = Duration::from_secs(3);
const RENEW: Duration = Duration::from_secs(1);
const BATCH: u32 = 500;
/// Fallback polls, for when a poke is lost: soon after something was published, and otherwise.
const POLL_BUSY: Duration = Duration::from_millis(50);
const POLL_IDLE: Duration = Duration::from_millis(500);
/// How long after the last event "busy" lasts.
const BUSY: Duration = Duration::from_secs(1);
/// How long the last events may take; what is not published then waits for another instance or the next start.
const DRAIN: Duration = Duration::from_secs(3);

/// Starts a relay. Every instance runs one; the lease lets one at a time publish. It ends when the writer of its
/// process has ended and nothing waits any more.
pub fn start(
    outbox: Arc<dyn Outbox>,
    log: Arc<dyn EventLog>,
    writer_ended: impl Future<Output = ()> + Send + 'static,
    tasks: &Tasks,
) {
    #[cfg(feature = "planted-bugs")]
    let outbox = crate::planted_bugs::relay_outbox(outbox);
    let relay = Relay {
        holder: Uuid::new_v4(),
        outbox,
        log,
        lease: None,
        last_event: None,
    };
    tasks.spawn_vital("relay", relay.run(writer_ended));
}

struct Relay {
    holder: Uuid,
    outbox: Arc<dyn Outbox>,
    log: Arc<dyn EventLog>,
    /// The lease and when it was last renewed.
    lease: Option<(Lease, Instant)>,
    last_event: Option<Instant>,
}

/// What one turn found.
enum Turn {
    /// Somebody else publishes.
    Passive,
    /// Nothing waits.
    Empty,
    /// Everything taken was published.
    Published,
    /// The log took only a part.
    Stuck,
}

#[derive(Debug, thiserror::Error)]
enum TurnError {
    #[error("the outbox did not answer")]
    Outbox(#[from] StoreError),
    #[error("the event log took nothing")]
    Log(#[from] EventLogError),
}

impl Relay {
    async fn run(mut self, writer_ended: impl Future<Output = ()>) {
        let mut backoff = Backoff::default();
        let mut writer_ended = pin!(writer_ended);
        loop {
            tokio::select! {
                biased;
                () = &mut writer_ended => break,
                () = self.step(&mut backoff) => {}
            }
        }
        if timeout(DRAIN, self.drain()).await.is_err() {
            tracing::warn!("events stay in the outbox for another instance or the next start");
        }
        if let Some((lease, _)) = self.lease
            && let Err(error) = self.outbox.release_lease(lease).await
        {
            tracing::debug!(error = %chain(&error), "the relay's lease runs out by itself");
        }
    }

    /// Turns until nothing waits, whoever publishes it.
    async fn drain(&mut self) {
        let mut backoff = Backoff::default();
        loop {
            match self.turn().await {
                Ok(Turn::Empty) => return,
                Ok(Turn::Published) => backoff.reset(),
                Ok(Turn::Passive) => match self.outbox.backlog().await {
                    Ok(backlog) if backlog.depth == 0 => return,
                    _ => backoff.wait().await,
                },
                Ok(Turn::Stuck) | Err(_) => backoff.wait().await,
            }
        }
    }

    /// One turn and the wait after it. It may be dropped anywhere: what was not removed is published again.
    async fn step(&mut self, backoff: &mut Backoff) {
        match self.turn().await {
            Ok(Turn::Published) => backoff.reset(),
            Ok(Turn::Empty) => {
                backoff.reset();
                let _ = timeout(self.poll(), self.outbox.poked()).await;
            }
            Ok(Turn::Passive) => tokio::time::sleep(RENEW).await,
            Ok(Turn::Stuck) => backoff.wait().await,
            Err(error) => {
                tracing::warn!(error = %chain(&error), "events wait in the outbox");
                backoff.wait().await;
            }
        }
    }

    async fn turn(&mut self) -> Result<Turn, TurnError> {
        let Some(lease) = self.hold_lease().await? else {
            return Ok(Turn::Passive);
        };
        let Some(waiting) = self.outbox.unpublished(lease, BATCH).await? else {
            self.lease = None;
            return Ok(Turn::Passive);
        };
        if waiting.is_empty() {
            return Ok(Turn::Empty);
        }
        self.last_event = Some(Instant::now());
        self.publish(&waiting).await
    }

    async fn publish(&self, waiting: &[Unpublished]) -> Result<Turn, TurnError> {
        metrics::histogram!("relay_batch_events")
            .record(u32::try_from(waiting.len()).unwrap_or(u32::MAX));
        let events: Vec<_> = waiting.iter().map(|row| row.event.clone()).collect();
        let durable = self.log.append(&events).await?;
        let published: Vec<i64> = waiting
            .iter()
            .zip(durable)
            .filter_map(|(row, durable)| durable.then_some(row.id))
            .collect();
        if !published.is_empty() {
            self.outbox.published(&published).await?;
        }
        Ok(if published.len() == waiting.len() {
            Turn::Published
        } else {
            Turn::Stuck
        })
    }

    /// The lease, renewed each second. It is renewed between batches only, so a relay that is stuck loses it.
    async fn hold_lease(&mut self) -> Result<Option<Lease>, StoreError> {
        if let Some((lease, renewed)) = self.lease
            && renewed.elapsed() < RENEW
        {
            return Ok(Some(lease));
        }
        let before = Instant::now();
        let lease = self.outbox.renew_lease(self.holder, LEASE).await?;
        if let Some(lease) = lease {
            if self.lease.is_none_or(|(held, _)| held != lease) {
                tracing::info!(relay.epoch = lease.epoch, "this instance publishes");
            }
            self.report_backlog().await?;
        }
        self.lease = lease.map(|lease| (lease, before));
        Ok(lease)
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a gauge may be off by one in 2^53"
    )]
    async fn report_backlog(&self) -> Result<(), StoreError> {
        let backlog = self.outbox.backlog().await?;
        metrics::gauge!("outbox_events").set(backlog.depth as f64);
        metrics::gauge!("outbox_oldest_seconds").set(backlog.age.as_secs_f64());
        Ok(())
    }

    fn poll(&self) -> Duration {
        match self.last_event {
            Some(at) if at.elapsed() < BUSY => POLL_BUSY,
            _ => POLL_IDLE,
        }
    }
}
