//! What the embedded log need not keep for ever: announcements, after a day (decision 15).

use std::time::Duration;

use colloquy_chassis::Tasks;
use colloquy_event_log::SqliteOutbox;

const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
const PAUSE: Duration = Duration::from_secs(60 * 60);

/// Sweeps old announcements, now and every hour.
pub fn start(announced: SqliteOutbox, tasks: &Tasks) {
    let stop = tasks.clone();
    tasks.spawn_vital("retention", async move {
        tokio::select! {
            () = stop.stopping() => {}
            () = sweep(&announced) => {}
        }
    });
}

async fn sweep(announced: &SqliteOutbox) {
    loop {
        if let Err(error) = announced.sweep(KEPT).await {
            tracing::warn!(%error, "old announcements could not be removed");
        }
        tokio::time::sleep(PAUSE).await;
    }
}
