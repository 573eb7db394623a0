//! Forgets budgets of which nothing is used any more (decision 15).

use std::{sync::Arc, time::Duration};

use colloquy_chassis::{Clock, Tasks, answer::chain};

use crate::CustomerStore;

const EVERY: Duration = Duration::from_secs(60);
/// Budgets forgotten by one statement, so that it never holds a lock for long.
const AT_ONCE: u32 = 1000;

/// Starts the sweep.
pub(crate) fn start(store: Arc<dyn CustomerStore>, clock: Arc<dyn Clock>, tasks: &Tasks) {
    let stop = tasks.clone();
    tasks.spawn_vital("sweep of budgets", async move {
        let mut turns = tokio::time::interval(EVERY);
        loop {
            tokio::select! {
                () = stop.stopping() => return,
                _ = turns.tick() => sweep(&*store, &*clock).await,
            }
        }
    });
}

async fn sweep(store: &dyn CustomerStore, clock: &dyn Clock) {
    loop {
        match store.forget_budgets(clock.now(), AT_ONCE).await {
            Ok(forgotten) if forgotten < u64::from(AT_ONCE) => return,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(error = %chain(&error), "old budgets could not be removed yet");
                return;
            }
        }
    }
}
