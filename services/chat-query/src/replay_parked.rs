//! Trying a parked event once more, at any time: projections commute, so the view is then as if the event had been applied
//! in its turn (decision 8).

use std::time::Duration;

use colloquy_chassis::Clock;
use colloquy_event_log::{EventLog, append_with_retry};
use tokio::time::Instant;

use crate::{
    batch::Batch,
    parked::ParkedEvent,
    save_batch::save_with_retries,
    view_store::{Result, ViewStore, ViewStoreError},
};

/// How long the store may be away, or the views locked by a rebuild.
const STORE_TIMEOUT: Duration = Duration::from_secs(30);

/// What became of the event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// It is in the views, and no longer parked.
    Applied,
    /// It is still parked, for this reason.
    StillParked(String),
}

/// Projects a parked event, announces what that changed, and forgets that it was parked; or keeps it with the new reason.
///
/// # Errors
/// The store was away for too long. The event is still parked; that it may also be applied is harmless.
pub async fn replay(
    store: &dyn ViewStore,
    log: &dyn EventLog,
    clock: &dyn Clock,
    event: &ParkedEvent,
) -> Result<Replayed> {
    let mut batch = Batch::read_out_of_turn(&[event.record()], clock.now());
    let since = Instant::now();
    let give_up = |error| match error {
        ViewStoreError::Defect(_) => Err(error),
        _ if since.elapsed() > STORE_TIMEOUT => Err(error),
        _ => Ok(()),
    };
    let saved = save_with_retries(store, &mut batch, give_up).await?;
    // The store keeps an event that was parked before as it is.
    if let Some(parked) = batch.parked().first() {
        let kept = ParkedEvent {
            reason: parked.reason.clone(),
            tries: event.tries.saturating_add(1),
            ..event.clone()
        };
        store.keep_parked(&kept).await?;
        return Ok(Replayed::StillParked(kept.reason));
    }
    if let Some(announcements) = saved.unpublished_announcements() {
        append_with_retry(log, announcements).await;
    }
    store.forget_parked(&event.position).await?;
    Ok(Replayed::Applied)
}
