//! Reports the size of the outbox to operators, in a task beside the relay, so that a slow answer delays no event. Only the
//! instance that publishes reports it; the others report 0.

use std::{sync::Arc, time::Duration};

use colloquy_chassis::{Tasks, answer::chain};
use tokio::{sync::watch, time::timeout};

use crate::{
    meters,
    outbox::{Backlog, Outbox},
};

const INTERVAL: Duration = Duration::from_secs(5);

/// Starts the report, until the soft signal.
pub(super) fn start(outbox: Arc<dyn Outbox>, publishes: watch::Receiver<bool>, tasks: &Tasks) {
    let stop = tasks.clone();
    tasks.spawn_vital("backlog of the outbox", async move {
        tokio::select! {
            () = stop.stopping() => {}
            () = report(outbox.as_ref(), publishes) => stop.stopping().await,
        }
    });
}

/// Reports until the relay has ended.
async fn report(outbox: &dyn Outbox, mut publishes: watch::Receiver<bool>) {
    loop {
        let publishes_now = *publishes.borrow_and_update();
        let backlog = if publishes_now {
            outbox.backlog().await
        } else {
            Ok(Backlog::default())
        };
        match backlog {
            Ok(backlog) => meters::set_backlog(backlog),
            Err(error) => tracing::warn!(error = %chain(&error), "cannot read the outbox backlog"),
        }
        if let Ok(Err(_)) = timeout(INTERVAL, publishes.changed()).await {
            return;
        }
    }
}
