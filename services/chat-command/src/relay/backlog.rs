//! Tells operators how much waits: beside the relay, so that nothing is published later because of it, however long the
//! answer takes. Only who publishes tells it; of all other instances nothing waits.

use std::{sync::Arc, time::Duration};

use colloquy_chassis::{Tasks, answer::chain};
use tokio::{sync::watch, time::timeout};

use crate::outbox::{Backlog, Outbox};

const INTERVAL: Duration = Duration::from_secs(5);

/// Starts reporting, until the soft signal.
pub(super) fn start(outbox: Arc<dyn Outbox>, publishes: watch::Receiver<bool>, tasks: &Tasks) {
    let stop = tasks.clone();
    tasks.spawn_vital("backlog of the outbox", async move {
        tokio::select! {
            () = stop.stopping() => {}
            () = report(outbox.as_ref(), publishes) => stop.stopping().await,
        }
    });
}

/// Ends with the relay.
async fn report(outbox: &dyn Outbox, mut publishes: watch::Receiver<bool>) {
    loop {
        let publishes_now = *publishes.borrow_and_update();
        let waits = if publishes_now {
            outbox.backlog().await
        } else {
            Ok(Backlog::default())
        };
        match waits {
            Ok(backlog) => set(backlog),
            Err(error) => tracing::warn!(error = %chain(&error), "cannot read the outbox backlog"),
        }
        if let Ok(Err(_)) = timeout(INTERVAL, publishes.changed()).await {
            return;
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a gauge may be off by one in 2^53"
)]
fn set(backlog: Backlog) {
    metrics::gauge!("colloquy_command_outbox_events").set(backlog.depth as f64);
    metrics::gauge!("colloquy_command_outbox_oldest_seconds").set(backlog.age.as_secs_f64());
}
