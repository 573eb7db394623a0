//! What the read side counts, and what each figure means.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use colloquy_chassis::{
    answer::chain,
    figures::{self, Figures},
};
use colloquy_contracts::{Timestamp, Topic};
use colloquy_event_log::GroupProgress;
use tokio::time::timeout;

use crate::{projector::GROUP, view_store::ViewStore};

const PROJECTED: &str = "colloquy_query_events_projected_total";
const PARKED: &str = "colloquy_query_events_parked_total";
const PARKED_NOW: &str = "colloquy_query_parked_events";
const DELAY: &str = "colloquy_query_projection_delay_seconds";
const LAG: &str = "colloquy_query_lag_events";
/// What an operator asks for is answered soon, or not known.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

pub(crate) fn describe() {
    figures::counters(&[(
        PROJECTED,
        "Events that this instance has folded into the views, repeats included.",
    )]);
    metrics::describe_counter!(PARKED, "Events that were parked, by topic.");
    for topic in Topic::WRITE {
        metrics::counter!(PARKED, "topic" => topic.name()).increment(0);
    }
    figures::histograms(&[(
        DELAY,
        "Age of an event when it is in the views, from when it was recorded.",
    )]);
    figures::gauges(&[(
        PARKED_NOW,
        "Events that are parked now; NaN while the views cannot be asked.",
    )]);
    metrics::describe_gauge!(
        LAG,
        "Events of a partition that are not in the views yet, whichever instance projects it; NaN while the log cannot \
         be asked."
    );
}

pub(crate) fn count_projected(events: usize) {
    metrics::counter!(PROJECTED).increment(events as u64);
}

pub(crate) fn count_parked(topic: Topic) {
    metrics::counter!(PARKED, "topic" => topic.name()).increment(1);
}

/// Notes how old events are that are now in the views.
pub(crate) fn note_projected(recorded: impl Iterator<Item = Timestamp>, now: Timestamp) {
    let delay = metrics::histogram!(DELAY);
    for at in recorded {
        delay.record(figures::seconds_between(at, now));
    }
}

/// Shows operators how far the views are behind the log, and how much is parked, whenever they ask.
pub(crate) fn show(store: Arc<dyn ViewStore>, log: Arc<dyn GroupProgress>, figures: &Figures) {
    figures.ask_for(move || set_parked(Arc::clone(&store)));
    let partitions = Arc::new(Mutex::default());
    figures.ask_for(move || set_lag(Arc::clone(&log), Arc::clone(&partitions)));
}

async fn set_parked(store: Arc<dyn ViewStore>) {
    let parked = match timeout(ANSWER_TIMEOUT, store.count_parked()).await {
        Ok(Ok(parked)) => figures::amount(parked),
        Ok(Err(error)) => {
            tracing::debug!(error = chain(&error), "parked events cannot be counted");
            f64::NAN
        }
        Err(_) => f64::NAN,
    };
    metrics::gauge!(PARKED_NOW).set(parked);
}

/// Partitions that were once known are shown as unknown while the log is away.
async fn set_lag(log: Arc<dyn GroupProgress>, partitions: Arc<Mutex<Vec<i32>>>) {
    let progress = match timeout(ANSWER_TIMEOUT, log.progress(GROUP)).await {
        Ok(Ok(progress)) => progress,
        Ok(Err(error)) => {
            tracing::debug!(error = chain(&error), "the lag cannot be read");
            Vec::new()
        }
        Err(_) => Vec::new(),
    };
    let mut partitions = partitions.lock().unwrap_or_else(PoisonError::into_inner);
    for one in &progress {
        let lag = one.end.saturating_sub(one.position);
        gauge(one.partition).set(figures::amount(u64::try_from(lag).unwrap_or(0)));
    }
    match progress.is_empty() {
        true => partitions.iter().for_each(|&one| gauge(one).set(f64::NAN)),
        false => *partitions = progress.iter().map(|one| one.partition).collect(),
    }
}

fn gauge(partition: i32) -> metrics::Gauge {
    metrics::gauge!(LAG, "partition" => partition.to_string())
}
