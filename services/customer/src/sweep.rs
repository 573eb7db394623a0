//! Forgets budgets of which nothing is used any more (decision 15).

use std::{ops::ControlFlow, sync::Arc};

use colloquy_chassis::{Clock, Tasks, answer::chain};
use colloquy_contracts::Timestamp;
use colloquy_sql::sweeping::Sweeper;

use crate::CustomerStore;

/// Budgets forgotten by one statement, so that it never holds a lock for long.
const AT_ONCE: u32 = 1000;

/// Starts the sweep.
pub(crate) fn start(store: Arc<dyn CustomerStore>, clock: Arc<dyn Clock>, tasks: &Tasks) {
    let sweeper = Sweeper::new(store.readings(), clock);
    sweeper.start("sweep of budgets", tasks, move |readings| {
        let store = Arc::clone(&store);
        async move {
            if let Some(over_age) = readings.over_age() {
                sweep(&*store, over_age).await;
            }
            ControlFlow::Continue(())
        }
    });
}

async fn sweep(store: &dyn CustomerStore, over_age: Timestamp) {
    loop {
        match store.forget_budgets(over_age, AT_ONCE).await {
            Ok(forgotten) if forgotten < u64::from(AT_ONCE) => return,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(error = %chain(&error), "old budgets could not be removed yet");
                return;
            }
        }
    }
}
