//! Reads the write topics, folds what they tell into the views, tells what changed, and only then commits its position.
//!
//! Whatever is down is waited for with the batch held (decision 8): nothing is skipped, nothing ends.

use std::{sync::Arc, time::Duration};

use colloquy_chassis::{Clock, answer::chain, backoff::Backoff, readiness::Gate};
use colloquy_event_log::{EventLog, GroupReader, NewEvent, Record};
use tokio::{sync::watch, time::timeout};

use crate::{
    announce, batch::Batch, holds::Holds, lost_views::LostViews, storing, view_store::ViewStore,
};

/// The consumer group of every instance of this service.
pub const GROUP: &str = "chat-query-service";

const BATCH: usize = 500;
/// Views that are wiped while nothing happens are missed after this time.
const QUIET: Duration = Duration::from_secs(5);

/// The one writer of the views.
pub struct Projector {
    pub(crate) store: Arc<dyn ViewStore>,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Grows with each batch stored, to wake whoever waits for one.
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
        let (mut backoff, mut lost) = (Backoff::default(), LostViews::default());
        loop {
            match timeout(QUIET, reader.next(BATCH)).await {
                Ok(Ok(mut records)) => {
                    #[cfg(feature = "planted-bugs")]
                    crate::planted_bugs::stand_still_if_stopped().await;
                    lost.mark_what_was_told(&mut records);
                    self.project(reader, records, &mut lost).await;
                    backoff.reset();
                }
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the event log cannot be read");
                    backoff.wait().await;
                }
                Err(_quiet) => {
                    let store = self.store.as_ref();
                    if let Err(error) = lost.read_again(store, reader).await {
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

    /// Projects records. Of partitions that the views have lost they are left: they come again, from the beginning.
    async fn project(
        &self,
        reader: &mut dyn GroupReader,
        mut records: Vec<Record>,
        lost: &mut LostViews,
    ) {
        while !records.is_empty() {
            let mut batch = Batch::read(GROUP, &records, self.clock.now());
            #[cfg(feature = "planted-bugs")]
            crate::planted_bugs::commit_before_apply(self.store.as_ref(), reader, &records, &batch)
                .await;
            let saved = self.store_batch(&mut batch).await;
            #[cfg(feature = "planted-bugs")]
            crate::planted_bugs::crash_at("projector.after_apply");
            metrics::counter!("colloquy_query_events_projected_total")
                .increment(records.len() as u64);
            let Some(announcements) = saved else {
                return;
            };
            // Asked only now: what the batch was folded into is then known to have been whole.
            let partitions = self.read_again(reader, lost).await;
            if partitions.is_empty() {
                announce::publish(self.log.as_ref(), &announcements).await;
                #[cfg(feature = "planted-bugs")]
                crate::planted_bugs::crash_at("projector.after_announce");
                return commit(reader, &records).await;
            }
            records.retain(|one| !partitions.contains(&one.partition));
        }
    }

    async fn read_again(&self, reader: &mut dyn GroupReader, lost: &mut LostViews) -> Vec<i32> {
        let mut backoff = Backoff::default();
        loop {
            match lost.read_again(self.store.as_ref(), reader).await {
                Ok(partitions) => return partitions,
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

    /// Stores a batch, however long that takes, and answers the announcements if they and the position are left to us.
    async fn store_batch(&self, batch: &mut Batch) -> Option<Vec<NewEvent>> {
        let (mut backoff, mut holds) = (Backoff::default(), Holds::default());
        loop {
            let error = match storing::store(self.store.as_ref(), batch).await {
                Ok(stored) => {
                    self.saves.send_modify(|saves| *saves += 1);
                    return stored.left_to_tell();
                }
                Err(error) => error,
            };
            tracing::warn!(error = chain(&error), "a batch is not stored yet");
            holds.note(&error, self.store.as_ref()).await;
            backoff.wait().await;
        }
    }
}

async fn commit(reader: &mut dyn GroupReader, records: &[Record]) {
    let mut backoff = Backoff::default();
    while let Err(error) = reader.commit(records).await {
        tracing::warn!(%error, "the position is not committed yet");
        backoff.wait().await;
    }
}
