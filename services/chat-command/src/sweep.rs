//! Deletes idempotency keys that are past their 24 hours (sweeps, decision 15).

use std::{ops::ControlFlow, sync::Arc};

use colloquy_chassis::{Clock, Tasks, answer::chain};
use colloquy_contracts::Timestamp;
use colloquy_sql::sweeping::Sweeper;

use crate::write_store::{RecordError, WriteStore};

/// Keys are promised for 24 h; the hour on top allows for clocks that disagree.
const RETENTION_MILLIS: i64 = 25 * 60 * 60 * 1000;
/// Keys that one statement deletes, so that it never holds a lock for long.
const BATCH: u32 = 1000;

/// Starts the sweep.
pub(crate) fn start(store: Arc<dyn WriteStore>, clock: Arc<dyn Clock>, tasks: &Tasks) {
    let sweeper = Sweeper::new(store.readings(), clock);
    sweeper.start("sweep of idempotency keys", tasks, move |readings| {
        let store = Arc::clone(&store);
        async move {
            match readings.over_age() {
                Some(over_age) => sweep(&*store, over_age).await,
                None => ControlFlow::Continue(()),
            }
        }
    });
}

async fn sweep(store: &dyn WriteStore, over_age: Timestamp) -> ControlFlow<()> {
    match forget(store, over_age).await {
        Ok(()) => {}
        Err(error @ RecordError::DiskFailed(_)) => {
            tracing::error!(error = %chain(&error), "the disk cannot be trusted; ending");
            return ControlFlow::Break(());
        }
        Err(error) => {
            tracing::warn!(error = %chain(&error), "old idempotency keys stay for now");
        }
    }
    ControlFlow::Continue(())
}

async fn forget(store: &dyn WriteStore, over_age: Timestamp) -> Result<(), RecordError> {
    let before = Timestamp::from_millis(over_age.millis() - RETENTION_MILLIS);
    while store.forget_keys(before, BATCH).await? >= u64::from(BATCH) {}
    Ok(())
}
