//! Figures for operators: each has a name, a meaning and a value from the start, and what only has to be looked up when
//! an operator asks is looked up then.

mod connections;
mod process;

use std::{
    future::{Future, ready},
    pin::Pin,
    sync::{Arc, PoisonError, RwLock},
};

use colloquy_contracts::Timestamp;

pub use self::connections::Connections;
use crate::spans::otlp;

/// The names and meanings of some figures.
pub type Meanings = [(&'static str, &'static str)];

/// What is looked up whenever an operator asks for the figures. Cheap to clone.
#[derive(Clone, Default)]
pub struct Figures(Arc<RwLock<Vec<LookUp>>>);

type LookUp = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

impl Figures {
    /// The figures of this process itself.
    #[must_use]
    pub fn of_process() -> Self {
        let figures = Self::default();
        process::describe();
        otlp::describe();
        figures.look_up(process::report);
        figures
    }

    /// Sets some gauges from what this process knows, whenever they are asked for.
    pub fn look_up(&self, report: impl Fn() + Send + Sync + 'static) {
        self.ask_for(move || {
            report();
            ready(())
        });
    }

    /// Sets some gauges from what others know, whenever they are asked for. The future bounds its own time: an operator
    /// waits for it.
    pub fn ask_for<F>(&self, report: impl Fn() -> F + Send + Sync + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let report: LookUp = Arc::new(move || Box::pin(report()));
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.push(report);
    }

    /// Looks up everything.
    pub async fn refresh(&self) {
        let all = self
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        for report in all {
            report().await;
        }
    }
}

/// Counters, at 0 from the start: what first appears when it is 1 never rose, as far as Prometheus can tell.
pub fn counters(meanings: &Meanings) {
    for &(name, meaning) in meanings {
        metrics::describe_counter!(name, meaning);
        metrics::counter!(name).increment(0);
    }
}

/// Gauges, at 0 from the start.
pub fn gauges(meanings: &Meanings) {
    for &(name, meaning) in meanings {
        metrics::describe_gauge!(name, meaning);
        metrics::gauge!(name).increment(0.0);
    }
}

/// Histograms, empty at the start.
pub fn histograms(meanings: &Meanings) {
    for &(name, meaning) in meanings {
        metrics::describe_histogram!(name, meaning);
        let _ = metrics::histogram!(name);
    }
}

/// A number as a gauge takes it.
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    reason = "a gauge may be off by one in 2^53"
)]
pub fn amount(number: u64) -> f64 {
    number as f64
}

/// The seconds from one instant to another, which may be of another machine's clock; 0 if the second is not later.
#[must_use]
pub fn seconds_between(from: Timestamp, to: Timestamp) -> f64 {
    let millis = to.millis().saturating_sub(from.millis());
    amount(u64::try_from(millis).unwrap_or(0)) / 1000.0
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn what_is_looked_up_is_looked_up_each_time_and_only_when_asked_for() {
        let (figures, asked) = (Figures::default(), Arc::new(AtomicU32::new(0)));
        let (known, others) = (Arc::clone(&asked), Arc::clone(&asked));
        figures.look_up(move || {
            known.fetch_add(1, Ordering::Relaxed);
        });
        figures.clone().ask_for(move || {
            let others = Arc::clone(&others);
            async move {
                others.fetch_add(10, Ordering::Relaxed);
            }
        });
        for expected in [0, 11, 22] {
            assert_eq!(asked.load(Ordering::Relaxed), expected);
            figures.refresh().await;
        }
    }
}
