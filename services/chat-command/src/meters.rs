//! What the write side measures, and what each figure means.

use std::time::Duration;

use colloquy_chassis::figures;

use crate::outbox::Backlog;

const WAITING: &str = "colloquy_command_outbox_events";
const OLDEST: &str = "colloquy_command_outbox_oldest_seconds";
const BATCH: &str = "colloquy_command_write_batch_commands";
const WRITE: &str = "colloquy_command_write_seconds";
const PUBLISHED: &str = "colloquy_command_relay_batch_events";

/// The outbox is described in every process that writes: where it is the log, nothing ever waits in it.
pub(crate) fn describe() {
    figures::gauges(&[
        (
            WAITING,
            "Events that are recorded and not published yet, of the relay that publishes; other relays report 0.",
        ),
        (
            OLDEST,
            "Age of the oldest event that is recorded and not published yet; 0 where none waits.",
        ),
    ]);
    figures::histograms(&[
        (BATCH, "Commands in one transaction."),
        (WRITE, "Time of one transaction of the write store."),
        (PUBLISHED, "Events that the relay publishes at once."),
    ]);
}

pub(crate) fn set_backlog(backlog: Backlog) {
    let depth = u64::try_from(backlog.depth).unwrap_or(0);
    metrics::gauge!(WAITING).set(figures::amount(depth));
    metrics::gauge!(OLDEST).set(backlog.age.as_secs_f64());
}

pub(crate) fn note_written(commands: usize, took: Duration) {
    metrics::histogram!(BATCH).record(figures::amount(commands as u64));
    metrics::histogram!(WRITE).record(took.as_secs_f64());
}

pub(crate) fn note_published(events: usize) {
    metrics::histogram!(PUBLISHED).record(figures::amount(events as u64));
}
