//! Bugs on purpose, to prove that the checker of the fault tests catches them. Never in a release.

use std::{
    process::abort,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use colloquy_event_log::{GroupReader, Record};

use crate::{
    batch::Batch,
    view_store::{Saved, ViewStore, ViewWrite},
};

/// Never resolves if `COLLOQUY_PLANTED_BUG` says `stopped-projector`: views then stay as they are.
pub async fn stand_still_if_stopped() {
    if chosen("stopped-projector") {
        std::future::pending::<()>().await;
    }
}

/// Commits the position before the effect is stored, if `COLLOQUY_PLANTED_BUG` says `commit-before-apply`.
pub async fn commit_before_apply(
    store: &dyn ViewStore,
    reader: &mut dyn GroupReader,
    records: &[Record],
    batch: &Batch,
) {
    if !chosen("commit-before-apply") {
        return;
    }
    let position_alone = ViewWrite {
        position: batch.position().clone(),
        ..ViewWrite::default()
    };
    if let Ok(Saved::View) = store.save(&position_alone).await
        && let Err(error) = reader.commit(records).await
    {
        tracing::warn!(%error, "the planted bug could not commit");
    }
    // The gap in which a kill loses the batch.
    tokio::time::sleep(Duration::from_millis(30)).await;
}

/// Ends the process, as a crash would, at its n-th pass of this point, if `COLLOQUY_CRASH_AT` says `point:n`.
pub fn crash_at(point: &str) {
    static PASSED: AtomicU32 = AtomicU32::new(0);
    let chosen = std::env::var("COLLOQUY_CRASH_AT").unwrap_or_default();
    if let Some((_, times)) = chosen
        .rsplit_once(':')
        .filter(|(chosen, _)| *chosen == point)
    {
        let passed = PASSED.fetch_add(1, Ordering::Relaxed) + 1;
        if times.parse() == Ok(passed) {
            tracing::warn!("crashes at {point}");
            abort();
        }
    }
}

fn chosen(bug: &str) -> bool {
    std::env::var("COLLOQUY_PLANTED_BUG").is_ok_and(|chosen| chosen == bug)
}
