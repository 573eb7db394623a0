//! Rebuilding the views of a running system from the audit trail (decision 14): the new ones are built beside those in use,
//! which are read and written meanwhile, and then take their place. Nothing is announced: the new views show what the old
//! ones did.

use std::{sync::Arc, time::Duration};

use colloquy_chassis::{Clock, answer::chain, backoff::Backoff};
use colloquy_event_log::{AuditTrail, EventLogError, Record, TrailReader};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::{
    batch::Batch,
    save_batch::save_batch,
    stale_lock::StaleLockDetector,
    view_store::{Extent, RebuildStore, ViewStore, ViewStoreError},
};

const BATCH: usize = 500;
/// A part that is away for longer ends the rebuild; the views in use stay as they are.
const PART_TIMEOUT: Duration = Duration::from_secs(60);
/// The versions of one millisecond: no two rebuilds give a room the same one. Versions made of it stay below 2^53 for as
/// long as ids do.
const VERSIONS_PER_MILLISECOND: i64 = 1 << 11;

/// What was rebuilt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// Records that were read.
    pub events: u64,
    /// Those of them that were parked.
    pub parked: u64,
}

/// What a rebuild does if the log holds less than the views show, as after its topics were lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithLess {
    /// Leave the views as they are.
    Refuse,
    /// Show what the log holds, and nothing else.
    Replace,
}

/// Why the views were not rebuilt. Those in use are as they were.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The new views would show less.
    #[error(
        "the log holds {} rooms and {} messages ({} missing), the views show {} rooms and {} messages ({} missing)",
        .log.rooms, .log.messages, .log.missing, .views.rooms, .views.messages, .views.missing
    )]
    HoldsLess {
        /// The new views, built from the log.
        log: Extent,
        /// The views in use.
        views: Extent,
    },
    /// The views cannot be written.
    #[error(transparent)]
    Views(#[from] ViewStoreError),
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] EventLogError),
}

impl RebuildError {
    /// Whether the same call may succeed later.
    fn is_transient(&self) -> bool {
        match self {
            Self::Views(error) => !matches!(
                error,
                ViewStoreError::Damaged { .. } | ViewStoreError::Defect(_)
            ),
            Self::Log(error) => matches!(error, EventLogError::Unavailable(_)),
            Self::HoldsLess { .. } => false,
        }
    }
}

/// Rebuilds the views, and answers when they are in use.
///
/// # Errors
/// A part was away for too long, another rebuild has begun, or the log holds less than the views show.
pub async fn rebuild(
    store: &dyn RebuildStore,
    trail: &dyn AuditTrail,
    clock: &dyn Clock,
    id: Uuid,
    with_less: WithLess,
) -> Result<Rebuilt, RebuildError> {
    let outcome = build_and_replace(store, trail, clock, id, with_less).await;
    if outcome.is_err()
        && let Err(error) = store.abandon(id).await
    {
        tracing::warn!(
            error = chain(&error),
            "the rebuild left tables behind for the next one to remove"
        );
    }
    outcome
}

async fn build_and_replace(
    store: &dyn RebuildStore,
    trail: &dyn AuditTrail,
    clock: &dyn Clock,
    id: Uuid,
    with_less: WithLess,
) -> Result<Rebuilt, RebuildError> {
    let first_version = clock
        .now()
        .millis()
        .saturating_mul(VERSIONS_PER_MILLISECOND);
    let next = begin(store, id, first_version).await?;
    let mut build = Build {
        trail: with_retries(async || trail.read_from_beginning().await).await?,
        next: next.as_ref(),
        clock,
        rebuilt: Rebuilt::default(),
    };
    build.read_to_noted_end().await?;
    if with_less == WithLess::Refuse {
        build.check_against(store).await?;
    }
    // What came meanwhile, until so little is left that locking the views for it is not noticed.
    while build.catch_up().await? > BATCH as u64 {}
    with_retries(async || store.lock(id).await).await?;
    build.catch_up().await?;
    with_retries(async || store.replace(id).await).await?;
    Ok(build.rebuilt)
}

struct Build<'a> {
    trail: Box<dyn TrailReader>,
    next: &'a dyn ViewStore,
    clock: &'a dyn Clock,
    rebuilt: Rebuilt,
}

impl Build<'_> {
    /// Reads the records that have come since the end was noted, and answers how many there were.
    async fn catch_up(&mut self) -> Result<u64, RebuildError> {
        let before = self.rebuilt.events;
        with_retries(async || self.trail.note_end().await).await?;
        self.read_to_noted_end().await?;
        Ok(self.rebuilt.events - before)
    }

    /// Everything in the views in use comes from before an end that is noted from now on, so the new views have it when that
    /// end is reached.
    async fn check_against(&mut self, in_use: &dyn RebuildStore) -> Result<(), RebuildError> {
        let views = with_retries(async || in_use.extent().await).await?;
        self.catch_up().await?;
        let log = with_retries(async || self.next.extent().await).await?;
        // An event that cannot be read is missing, however often the log is read.
        let missing = views.missing.max(self.rebuilt.parked);
        if log.rooms < views.rooms || log.messages < views.messages || log.missing > missing {
            return Err(RebuildError::HoldsLess { log, views });
        }
        Ok(())
    }

    async fn read_to_noted_end(&mut self) -> Result<(), RebuildError> {
        let (mut backoff, mut since) = (Backoff::default(), Instant::now());
        loop {
            // Some logs do not answer while they are away.
            let read = timeout(PART_TIMEOUT, self.trail.next(BATCH)).await;
            match read.unwrap_or_else(|_| Err(log_timeout())) {
                Ok(records) if records.is_empty() => return Ok(()),
                Ok(records) => {
                    self.project(&records).await?;
                    (backoff, since) = (Backoff::default(), Instant::now());
                }
                Err(error) => wait_or_fail(error.into(), since, &mut backoff).await?,
            }
        }
    }

    async fn project(&mut self, records: &[Record]) -> Result<(), RebuildError> {
        let mut batch = Batch::read_out_of_turn(records, self.clock.now());
        with_retries(async || save_batch(self.next, &mut batch).await).await?;
        self.rebuilt.events += records.len() as u64;
        self.rebuilt.parked += batch.parked().len() as u64;
        Ok(())
    }
}

async fn begin(
    store: &dyn RebuildStore,
    id: Uuid,
    first_version: i64,
) -> Result<Arc<dyn ViewStore>, RebuildError> {
    let mut detector = StaleLockDetector::default();
    with_retries(async || {
        let begun = store.begin(id, first_version).await;
        if let Err(error) = &begun {
            detector.observe(error, store).await;
        }
        begun
    })
    .await
}

/// Calls again until it succeeds or has failed for too long, which is counted from the first failure: a call may take
/// minutes before it fails.
async fn with_retries<T, E>(mut call: impl AsyncFnMut() -> Result<T, E>) -> Result<T, RebuildError>
where
    RebuildError: From<E>,
{
    let (mut backoff, mut since) = (Backoff::default(), None);
    loop {
        match call().await {
            Ok(done) => return Ok(done),
            Err(error) => {
                let since = *since.get_or_insert_with(Instant::now);
                wait_or_fail(error.into(), since, &mut backoff).await?;
            }
        }
    }
}

fn log_timeout() -> EventLogError {
    EventLogError::Unavailable(format!(
        "the log has delivered nothing for {PART_TIMEOUT:?}"
    ))
}

async fn wait_or_fail(
    error: RebuildError,
    since: Instant,
    backoff: &mut Backoff,
) -> Result<(), RebuildError> {
    if !error.is_transient() || since.elapsed() > PART_TIMEOUT {
        return Err(error);
    }
    tracing::warn!(error = chain(&error), "rebuild paused, retrying");
    backoff.wait().await;
    Ok(())
}
