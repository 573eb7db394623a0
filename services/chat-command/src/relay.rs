//! Carries committed events from the outbox to the event log, in id order, under the lease (decision 5). Rooms whose
//! events the log refuses are blocked for a while, and the other rooms go on (decision 6).
//!
//! A relay that slept through the end of its lease may publish once more what another one has published: readers drop
//! repeats. It never publishes out of order, because both take the same rows in the same order.
//!
//! It outlives the writer of its process, so that a stop leaves nothing behind that was acknowledged.

mod backlog;
mod blocked_rooms;

use std::{future::Future, mem, pin::pin, sync::Arc, time::Duration};

use colloquy_chassis::{
    Tasks,
    answer::chain,
    backoff::Backoff,
    spans::{self, Span, SpanKind},
};
use colloquy_event_log::{EventLog, EventLogError, NewEvent};
use colloquy_sql::StoreError;
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};
use uuid::Uuid;

use self::blocked_rooms::BlockedRooms;
use crate::{
    meters,
    outbox::{Lease, Outbox, Unpublished},
};

const LEASE: Duration = Duration::from_secs(3);
const RENEW: Duration = Duration::from_secs(1);
const BATCH: u32 = 500;
/// Fallback polls, for when a notification is lost: soon after an event was published, while rooms are blocked, and when the
/// lease is renewed anyway.
const POLL_BUSY: Duration = Duration::from_millis(50);
const POLL_BLOCKED: Duration = Duration::from_millis(500);
const POLL_IDLE: Duration = RENEW;
/// The relay is busy for this long after the last event.
const BUSY_FOR: Duration = Duration::from_secs(1);
/// The last events may take this long; what is not published then waits for another instance or the next start.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(3);

/// Starts a relay. Every instance runs one; the lease lets one at a time publish. It ends when the writer of its
/// process has ended and the outbox is empty.
pub fn start(
    outbox: Arc<dyn Outbox>,
    log: Arc<dyn EventLog>,
    writer_ended: impl Future<Output = ()> + Send + 'static,
    tasks: &Tasks,
) {
    let publishes = watch::Sender::new(false);
    backlog::start(Arc::clone(&outbox), publishes.subscribe(), tasks);
    let relay = Relay {
        holder: Uuid::new_v4(),
        outbox,
        log,
        lease: None,
        published: Vec::new(),
        publishes,
        blocked_rooms: BlockedRooms::default(),
        refused: false,
        last_event: None,
        #[cfg(feature = "planted-bugs")]
        polls_by_id: crate::planted_bugs::PollsById::default(),
    };
    tasks.spawn_vital("relay", relay.run(writer_ended));
}

struct Relay {
    holder: Uuid,
    outbox: Arc<dyn Outbox>,
    log: Arc<dyn EventLog>,
    /// The lease and when it was last renewed.
    lease: Option<(Lease, Instant)>,
    /// What the log holds and the next poll removes from the outbox.
    published: Vec<i64>,
    /// Whether this relay holds the lease, for the report of the backlog.
    publishes: watch::Sender<bool>,
    blocked_rooms: BlockedRooms,
    /// Whether the log took nothing in the last poll.
    refused: bool,
    last_event: Option<Instant>,
    #[cfg(feature = "planted-bugs")]
    polls_by_id: crate::planted_bugs::PollsById,
}

/// What one poll of the outbox found.
enum PollOutcome {
    /// Another relay holds the lease.
    Passive,
    /// The outbox holds no event.
    Empty,
    /// The outbox holds only events of blocked rooms.
    Blocked,
    /// The log took at least one event.
    Published,
}

#[derive(Debug, thiserror::Error)]
enum PollError {
    #[error("the outbox did not answer")]
    Outbox(#[from] StoreError),
    #[error("the event log accepted nothing")]
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
        if timeout(DRAIN_TIMEOUT, self.drain()).await.is_err() {
            tracing::warn!("events stay in the outbox for another instance or the next start");
        }
        if let Some((lease, _)) = self.lease
            && let Err(error) = self.give_up(lease).await
        {
            tracing::debug!(error = %chain(&error), "the relay's lease could not be released and will expire");
        }
    }

    async fn give_up(&mut self, lease: Lease) -> Result<(), StoreError> {
        self.remove_published(lease).await?;
        self.outbox.release_lease(lease).await
    }

    /// Removes what was published when no poll will follow soon, so that the next relay does not publish it again.
    async fn remove_published(&mut self, lease: Lease) -> Result<(), StoreError> {
        if !self.published.is_empty() {
            let removal = self.outbox.unpublished(lease, &self.published, 0, &[]);
            removal.await?;
            self.published.clear();
        }
        Ok(())
    }

    /// Polls until the outbox is empty, whichever relay publishes its events.
    async fn drain(&mut self) {
        let mut backoff = Backoff::default();
        loop {
            match self.poll().await {
                Ok(PollOutcome::Empty) => return,
                Ok(PollOutcome::Published) => backoff.reset(),
                Ok(PollOutcome::Passive) => match self.outbox.backlog().await {
                    Ok(backlog) if backlog.depth == 0 => return,
                    _ => backoff.wait().await,
                },
                Ok(PollOutcome::Blocked) | Err(_) => backoff.wait().await,
            }
        }
    }

    /// One poll and the wait after it. It may be dropped anywhere: what was not removed is published again.
    async fn step(&mut self, backoff: &mut Backoff) {
        match self.poll().await {
            Ok(PollOutcome::Published) => backoff.reset(),
            Ok(outcome @ (PollOutcome::Empty | PollOutcome::Blocked)) => {
                if let PollOutcome::Empty = outcome {
                    backoff.reset();
                }
                let _ = timeout(self.poll_interval(&outcome), self.outbox.notified()).await;
            }
            Ok(PollOutcome::Passive) => tokio::time::sleep(RENEW).await,
            Err(error) => {
                tracing::warn!(error = %chain(&error), "events are waiting in the outbox");
                backoff.wait().await;
            }
        }
    }

    async fn poll(&mut self) -> Result<PollOutcome, PollError> {
        let before = self.lease;
        let Some(lease) = self.hold_lease().await? else {
            if let Some((before, _)) = before {
                self.remove_published(before).await?;
            }
            return Ok(PollOutcome::Passive);
        };
        // However many rooms are tried again in vain, a poll for all other rooms follows each such poll.
        let blocked = if mem::take(&mut self.refused) {
            self.blocked_rooms.all()
        } else {
            self.blocked_rooms.rooms(Instant::now())
        };
        let (outbox, published) = (&self.outbox, &self.published);
        let waiting = outbox
            .unpublished(lease, published, BATCH, &blocked)
            .await?;
        self.published.clear();
        let Some(waiting) = waiting else {
            self.set_lease(None);
            return Ok(PollOutcome::Passive);
        };
        #[cfg(feature = "planted-bugs")]
        let waiting = self.polls_by_id.without_lower(waiting);
        if waiting.is_empty() {
            return Ok(if blocked.is_empty() {
                PollOutcome::Empty
            } else {
                PollOutcome::Blocked
            });
        }
        self.publish(&waiting).await
    }

    async fn publish(&mut self, waiting: &[Unpublished]) -> Result<PollOutcome, PollError> {
        meters::note_published(waiting.len());
        let events: Vec<_> = waiting.iter().map(|row| row.event.clone()).collect();
        let spans = spans_of(&events);
        let outcome = self.log.append(&events).await;
        drop(spans);
        let durable = outcome.as_deref().unwrap_or_default();
        let now = Instant::now();
        self.blocked_rooms.note(&events, durable, now);
        let rows = waiting.iter().zip(durable);
        self.published = rows
            .filter_map(|(row, durable)| durable.then_some(row.id))
            .collect();
        self.refused = self.published.is_empty();
        if !self.refused {
            self.last_event = Some(now);
        }
        outcome?;
        Ok(PollOutcome::Published)
    }

    /// The lease, renewed each second. It is renewed only between batches, so a relay that is stuck loses it.
    async fn hold_lease(&mut self) -> Result<Option<Lease>, StoreError> {
        if let Some((lease, renewed)) = self.lease
            && renewed.elapsed() < RENEW
        {
            return Ok(Some(lease));
        }
        let before = Instant::now();
        let lease = self.outbox.renew_lease(self.holder, LEASE).await?;
        if let Some(lease) = lease
            && self.lease.is_none_or(|(held, _)| held != lease)
        {
            tracing::info!(
                relay.epoch = lease.epoch,
                "this instance now holds the relay lease"
            );
        }
        self.set_lease(lease.map(|lease| (lease, before)));
        Ok(lease)
    }

    fn set_lease(&mut self, lease: Option<(Lease, Instant)>) {
        let publishes = lease.is_some();
        self.publishes
            .send_if_modified(|before| mem::replace(before, publishes) != publishes);
        self.lease = lease;
        if lease.is_none() {
            self.blocked_rooms = BlockedRooms::default();
        }
    }

    fn poll_interval(&self, outcome: &PollOutcome) -> Duration {
        match (self.last_event, outcome) {
            (Some(at), _) if at.elapsed() < BUSY_FOR => POLL_BUSY,
            (_, PollOutcome::Blocked) => POLL_BLOCKED,
            _ => POLL_IDLE,
        }
    }
}

/// A span for each event of a recorded trace, from the outbox to the answer of the log.
fn spans_of(events: &[NewEvent]) -> Vec<Span> {
    let spans = events.iter().map(|event| {
        let mut span = spans::child_span(event.traceparent, SpanKind::Producer, "publish");
        span.set_attribute("messaging.destination.name", event.topic.name());
        span
    });
    spans.filter(Span::is_recorded).collect()
}
