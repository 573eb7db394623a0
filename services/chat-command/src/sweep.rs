//! Forgets idempotency keys that nobody will repeat any more (decision 15).

use std::{sync::Arc, time::Duration};

use colloquy_chassis::{Clock, Tasks, answer::chain};
use colloquy_contracts::Timestamp;

use crate::write_store::{RecordError, WriteStore};

/// Keys are promised for 24 h; the hour on top bears with clocks that disagree.
const KEPT_MILLIS: i64 = 25 * 60 * 60 * 1000;
const EVERY: Duration = Duration::from_secs(60);
/// Keys forgotten by one statement, so that it never holds a lock for long.
const AT_ONCE: u32 = 1000;

/// Starts the sweep.
pub(crate) fn start(store: Arc<dyn WriteStore>, clock: Arc<dyn Clock>, tasks: &Tasks) {
    let stop = tasks.clone();
    tasks.spawn_vital("sweep of idempotency keys", async move {
        let mut turns = tokio::time::interval(EVERY);
        loop {
            tokio::select! {
                () = stop.stopping() => return,
                _ = turns.tick() => {}
            }
            match sweep(store.as_ref(), clock.now()).await {
                Ok(()) => {}
                Err(error @ RecordError::DiskFailed(_)) => {
                    tracing::error!(error = %chain(&error), "the disk cannot be trusted; ending");
                    return;
                }
                Err(error) => {
                    tracing::warn!(error = %chain(&error), "old idempotency keys stay for now");
                }
            }
        }
    });
}

async fn sweep(store: &dyn WriteStore, now: Timestamp) -> Result<(), RecordError> {
    let before = Timestamp::from_millis(now.millis() - KEPT_MILLIS);
    while store.forget_keys(before, AT_ONCE).await? >= u64::from(AT_ONCE) {}
    Ok(())
}
