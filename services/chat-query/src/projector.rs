//! Reads the write topics, folds their events into the views, announces what changed, and only then commits its position.
//!
//! While a store or the log is away, the projector keeps the batch and waits (decision 8): it skips nothing and never ends.

use std::{convert::Infallible, sync::Arc, time::Duration};

use colloquy_chassis::{
    Clock,
    answer::chain,
    backoff::Backoff,
    readiness::Gate,
    spans::{self, Span, SpanKind},
};
use colloquy_event_log::{EventLog, GroupReader, NewEvent, Record, append_with_retry};
use tokio::{sync::watch, time::timeout};

use crate::{
    batch::Batch, meters, save_batch::save_with_retries, view_recovery::ViewRecovery,
    view_store::ViewStore,
};

/// The consumer group of every instance of this service.
pub const GROUP: &str = "chat-query-service";

const BATCH: usize = 500;
/// Without an event for so long, the projector looks whether the views were wiped.
const IDLE_AFTER: Duration = Duration::from_secs(5);

/// The one writer of the views.
pub struct Projector {
    pub(crate) store: Arc<dyn ViewStore>,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) clock: Arc<dyn Clock>,
    /// The number of saved batches; wakes queries that wait for one.
    pub(crate) saves: watch::Sender<u64>,
}

impl Projector {
    /// Prepares the store, joins the group, opens the gate when the group has met, and projects for ever. May be dropped
    /// at any point: what was not committed is read again.
    pub async fn run(self, gate: Gate) {
        self.prepare().await;
        let mut reader = self.join().await;
        let assigned = reader.assigned();
        let open = async {
            assigned.await;
            gate.open();
        };
        tokio::join!(open, self.read_on(reader.as_mut()));
    }

    async fn read_on(&self, reader: &mut dyn GroupReader) {
        let (mut backoff, mut recovery) = (Backoff::default(), ViewRecovery::default());
        loop {
            match timeout(IDLE_AFTER, reader.next(BATCH)).await {
                Ok(Ok(mut records)) => {
                    #[cfg(feature = "planted-bugs")]
                    crate::planted_bugs::stand_still_if_stopped().await;
                    recovery.mark_announced(&mut records);
                    self.project(reader, records, &mut recovery).await;
                    backoff.reset();
                }
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the event log cannot be read");
                    backoff.wait().await;
                }
                Err(_idle) => {
                    let store = self.store.as_ref();
                    if let Err(error) = recovery.rewind_lost_partitions(store, reader).await {
                        tracing::warn!(error = chain(&error), "the views cannot be checked");
                    }
                }
            }
        }
    }

    async fn prepare(&self) {
        let mut backoff = Backoff::default();
        while let Err(error) = self.store.prepare().await {
            tracing::warn!(error = chain(&error), "waiting for the view store");
            backoff.wait().await;
        }
    }

    async fn join(&self) -> Box<dyn GroupReader> {
        let mut backoff = Backoff::default();
        loop {
            match self.log.join(GROUP).await {
                Ok(reader) => return reader,
                Err(error) => tracing::warn!(%error, "waiting for the event log"),
            }
            backoff.wait().await;
        }
    }

    /// Projects records, but for those of partitions that the views have lost: they come again, from the beginning.
    async fn project(
        &self,
        reader: &mut dyn GroupReader,
        mut records: Vec<Record>,
        recovery: &mut ViewRecovery,
    ) {
        while !records.is_empty() {
            let mut batch = Batch::read(GROUP, &records, self.clock.now());
            let spans = spans_of(&records);
            #[cfg(feature = "planted-bugs")]
            crate::planted_bugs::commit_before_apply(self.store.as_ref(), reader, &records, &batch)
                .await;
            let unpublished = self.save(&mut batch).await;
            drop(spans);
            #[cfg(feature = "planted-bugs")]
            crate::planted_bugs::crash_at("projector.after_apply");
            meters::count_projected(records.len());
            meters::note_projected(batch.recorded(), self.clock.now());
            let Some(announcements) = unpublished else {
                return;
            };
            // Only now: the views that the batch was folded into are then known to have been complete.
            let lost = self.rewind_lost_partitions(reader, recovery).await;
            if lost.is_empty() {
                append_with_retry(self.log.as_ref(), announcements).await;
                #[cfg(feature = "planted-bugs")]
                crate::planted_bugs::crash_at("projector.after_announce");
                return commit(reader, &records).await;
            }
            records.retain(|one| !lost.contains(&one.partition));
        }
    }

    async fn rewind_lost_partitions(
        &self,
        reader: &mut dyn GroupReader,
        recovery: &mut ViewRecovery,
    ) -> Vec<i32> {
        let (mut backoff, store) = (Backoff::default(), self.store.as_ref());
        loop {
            match recovery.rewind_lost_partitions(store, reader).await {
                Ok(lost) => return lost,
                Err(error) => {
                    tracing::warn!(
                        error = chain(&error),
                        "it is not known yet whether the views are complete"
                    );
                }
            }
            backoff.wait().await;
        }
    }

    /// Saves a batch, however long that takes. Answers the announcements if the projector has to publish them and to
    /// commit the position.
    async fn save(&self, batch: &mut Batch) -> Option<Vec<NewEvent>> {
        let never = |_| Ok::<(), Infallible>(());
        let Ok(saved) = save_with_retries(self.store.as_ref(), batch, never).await;
        self.saves.send_modify(|saves| *saves += 1);
        saved.unpublished_announcements()
    }
}

/// A span for each record of a recorded trace, until it is in the views.
fn spans_of(records: &[Record]) -> Vec<Span> {
    let live = records.iter().filter(|record| !record.replayed);
    let spans = live.map(|record| {
        let mut span = spans::child_span(record.traceparent, SpanKind::Consumer, "project");
        span.set_attribute("messaging.destination.name", record.topic.name());
        span
    });
    spans.filter(Span::is_recorded).collect()
}

async fn commit(reader: &mut dyn GroupReader, records: &[Record]) {
    let mut backoff = Backoff::default();
    while let Err(error) = reader.commit(records).await {
        tracing::warn!(%error, "the position is not committed yet");
        backoff.wait().await;
    }
}
