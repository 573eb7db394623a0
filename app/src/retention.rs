//! Announcements leave the embedded log after a day (decision 15).

use std::{ops::ControlFlow, sync::Arc};

use colloquy_chassis::{SystemClock, Tasks};
use colloquy_contracts::Timestamp;
use colloquy_event_log::SqliteOutbox;
use colloquy_sql::sweeping::{SqlReadings, Sweeper};

const RETENTION_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// Sweeps old announcements.
pub fn start(announced: SqliteOutbox, tasks: &Tasks) {
    let readings = SqlReadings::new(announced.database().clone(), "announcements");
    let sweeper = Sweeper::new(Arc::new(readings), Arc::new(SystemClock));
    sweeper.start("retention", tasks, move |readings| {
        let announced = announced.clone();
        async move {
            if let Some(over_age) = readings.over_age() {
                sweep(&announced, over_age).await;
            }
            ControlFlow::Continue(())
        }
    });
}

async fn sweep(announced: &SqliteOutbox, over_age: Timestamp) {
    let before = Timestamp::from_millis(over_age.millis() - RETENTION_MILLIS);
    if let Err(error) = announced.sweep(before).await {
        tracing::warn!(%error, "old announcements could not be removed");
    }
}
