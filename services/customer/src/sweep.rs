//! Forgets limits of which nothing is used any more (decision 15).

use std::{ops::ControlFlow, sync::Arc};

use colloquy_chassis::{Clock, Tasks, answer::chain};
use colloquy_rate_limit::RateLimitStore;
use colloquy_sql::sweeping::{KeptReadings, Sweeper};

/// Starts the sweep.
pub(crate) fn start(
    limits: Arc<dyn RateLimitStore>,
    readings: Arc<dyn KeptReadings>,
    clock: Arc<dyn Clock>,
    tasks: &Tasks,
) {
    let sweeper = Sweeper::new(readings, clock);
    sweeper.start("sweep of rate limits", tasks, move |readings| {
        let limits = Arc::clone(&limits);
        async move {
            if let Some(over_age) = readings.over_age()
                && let Err(error) = limits.sweep(over_age).await
            {
                tracing::warn!(error = %chain(&error), "old rate limits could not be removed yet");
            }
            ControlFlow::Continue(())
        }
    });
}
