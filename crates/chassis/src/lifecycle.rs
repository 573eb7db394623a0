//! How a process lives and ends: tasks with names, a soft signal, a hard one.
//!
//! A task that ends before the soft signal is a defect, and ends the process with failure: better dead and restarted
//! than alive without its relay.

use std::{future::Future, sync::Arc, time::Duration};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::{Mutex, Notify},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long tasks may drain after the soft signal before the hard one.
const DRAIN: Duration = Duration::from_secs(12);

/// Starts tasks that belong to one process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Tasks {
    soft: CancellationToken,
    hard: CancellationToken,
    tracker: TaskTracker,
    failed: Arc<Notify>,
}

impl Tasks {
    /// Starts a task that the process cannot live without. It ends by itself soon after [`Tasks::stopping`].
    #[expect(clippy::disallowed_methods, reason = "this is the one place that may")]
    pub fn spawn_vital(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let (soft, failed) = (self.soft.clone(), Arc::clone(&self.failed));
        let running = tokio::spawn(self.hard.clone().run_until_cancelled_owned(task));
        self.tracker.spawn(async move {
            let outcome = running.await;
            if !soft.is_cancelled() || outcome.is_err() {
                tracing::error!(
                    task.name = name,
                    panicked = outcome.is_err(),
                    "a vital task ended"
                );
                failed.notify_one();
            }
        });
    }

    /// Starts a task for one connection or one request; how it ends concerns no other task.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tracker
            .spawn(self.hard.clone().run_until_cancelled_owned(task));
    }

    /// Resolves when the process should stop accepting and drain.
    pub async fn stopping(&self) {
        self.soft.cancelled().await;
    }

    /// Whether the process is stopping.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.soft.is_cancelled()
    }
}

/// One process from start to end.
#[derive(Debug)]
pub struct Lifecycle(Tasks);

/// A vital task died: the process must exit with failure.
#[derive(Debug, thiserror::Error)]
#[error("a vital task ended; see the log")]
pub struct TaskDied;

impl Default for Lifecycle {
    fn default() -> Self {
        Self(Tasks {
            soft: CancellationToken::new(),
            hard: CancellationToken::new(),
            tracker: TaskTracker::new(),
            failed: Arc::new(Notify::new()),
        })
    }
}

impl Lifecycle {
    /// The handle that starts tasks.
    #[must_use]
    pub fn tasks(&self) -> Tasks {
        self.0.clone()
    }

    /// Runs until `signal` resolves, then drains; a second `signal` during the drain ends at once.
    ///
    /// # Errors
    /// A vital task ended by itself.
    pub async fn run_until<F: Future<Output = ()>>(
        self,
        signal: impl Fn() -> F,
    ) -> Result<(), TaskDied> {
        let outcome = tokio::select! {
            () = signal() => Ok(()),
            () = self.0.failed.notified() => Err(TaskDied),
        };
        self.0.soft.cancel();
        self.0.tracker.close();
        tokio::select! {
            () = self.0.tracker.wait() => {}
            () = signal() => tracing::warn!("second signal: ending at once"),
            () = tokio::time::sleep(DRAIN) => tracing::warn!("drain took too long: ending"),
        }
        self.0.hard.cancel();
        outcome
    }
}

/// SIGINT and SIGTERM from its making on: one that comes while nothing waits for it is kept.
#[derive(Debug)]
pub struct Termination(Mutex<[Signal; 2]>);

impl Termination {
    /// Hears from now on.
    #[must_use]
    pub fn listen() -> Self {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate()];
        let listen =
            |kind| signal(kind).expect("signal handlers can be installed in a process of ours");
        Self(Mutex::new(kinds.map(listen)))
    }

    /// Resolves on the next one, or on one that was kept.
    pub async fn next(&self) {
        let [interrupt, terminate] = &mut *self.0.lock().await;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}

/// Resolves on SIGINT or SIGTERM.
pub async fn termination() {
    Termination::listen().next().await;
}
