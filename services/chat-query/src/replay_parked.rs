//! Trying a parked event once more, at any time: projections commute, so the view is then as if it had come in its turn
//! (decision 8).

use std::time::Duration;

use colloquy_chassis::{Clock, answer::chain, backoff::Backoff};
use colloquy_event_log::EventLog;
use tokio::time::Instant;

use crate::{
    announce,
    batch::Batch,
    holds::Holds,
    parked::ParkedEvent,
    storing,
    view_store::{ViewStore, ViewStoreError},
};

/// How long a store may be away, or the views held by a rebuild.
const PATIENCE: Duration = Duration::from_secs(30);

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// The views have it, and it is parked no more.
    Applied,
    /// It is still parked, for this reason.
    StillParked(String),
}

/// Projects a parked event, tells what that changed, and forgets that it was parked; or keeps it with the new reason.
///
/// # Errors
/// The store was away for too long. The event is still parked; that it is also applied does no harm.
pub async fn replay(
    store: &dyn ViewStore,
    log: &dyn EventLog,
    clock: &dyn Clock,
    event: &ParkedEvent,
) -> Result<Replayed, ViewStoreError> {
    let mut batch = Batch::read_again(&[event.record()], clock.now());
    let (mut backoff, mut holds) = (Backoff::default(), Holds::default());
    let since = Instant::now();
    // What is set aside again is parked already, and keeps its place there.
    while batch.parked().is_empty() {
        let error = match storing::store(store, &mut batch).await {
            Ok(stored) => {
                if let Some(announcements) = stored.left_to_tell() {
                    announce::publish(log, &announcements).await;
                }
                break;
            }
            Err(error) => error,
        };
        if matches!(error, ViewStoreError::Defect(_)) || since.elapsed() > PATIENCE {
            return Err(error);
        }
        holds.note(&error, store).await;
        tracing::debug!(error = chain(&error), "the event is not stored yet");
        backoff.wait().await;
    }
    if let Some(parked) = batch.parked().first() {
        return keep(store, event, &parked.reason).await;
    }
    store.forget_parked(&event.place).await?;
    Ok(Replayed::Applied)
}

async fn keep(
    store: &dyn ViewStore,
    event: &ParkedEvent,
    reason: &str,
) -> Result<Replayed, ViewStoreError> {
    let kept = ParkedEvent {
        reason: reason.to_owned(),
        tries: event.tries.saturating_add(1),
        ..event.clone()
    };
    store.keep_parked(&kept).await?;
    Ok(Replayed::StillParked(kept.reason))
}
