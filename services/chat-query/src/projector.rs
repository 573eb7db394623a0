//! Reads the write topics, folds what they tell into the views, tells what changed, and only then commits its position.
//!
//! Whatever is down is waited for with the batch held (decision 8): nothing is skipped, nothing ends.

use std::sync::Arc;

use colloquy_chassis::{answer::chain, backoff::Backoff, readiness::Gate};
use colloquy_event_log::{EventLog, GroupReader, NewEvent, Record};
use tokio::sync::watch;

use crate::{
    announce,
    batch::Batch,
    view_store::{Saved, ViewStore, ViewStoreError},
};

/// The consumer group of every instance of this service.
pub const GROUP: &str = "chat-query-service";

const BATCH: usize = 500;
/// A message that clashes with a stored one is tried this often before it is set aside.
const TRIES: u32 = 3;

/// The one writer of the views.
pub struct Projector {
    pub(crate) store: Arc<dyn ViewStore>,
    pub(crate) log: Arc<dyn EventLog>,
    /// Grows with each batch stored, to wake whoever waits for one.
    pub(crate) saves: watch::Sender<u64>,
}

impl Projector {
    /// Prepares the store, joins the group, opens the gate and projects for ever. May be dropped at any point: what was
    /// not committed is read again.
    pub async fn run(self, gate: Gate) {
        self.prepare().await;
        let mut reader = self.join().await;
        gate.open();
        #[cfg(feature = "planted-bugs")]
        crate::planted_bug::stand_still_if_stopped().await;
        let mut backoff = Backoff::default();
        loop {
            match reader.next(BATCH).await {
                Ok(records) => {
                    self.project(reader.as_mut(), &records).await;
                    backoff.reset();
                }
                Err(error) => {
                    tracing::warn!(%error, "the event log cannot be read");
                    backoff.wait().await;
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

    async fn project(&self, reader: &mut dyn GroupReader, records: &[Record]) {
        let mut batch = Batch::read(GROUP, records);
        #[cfg(feature = "planted-bugs")]
        crate::planted_bug::commit_before_apply(self.store.as_ref(), reader, records, &batch).await;
        let saved = self.store_batch(&mut batch).await;
        #[cfg(feature = "planted-bugs")]
        crate::planted_bug::crash_at("projector.after_apply");
        metrics::counter!("colloquy_query_events_projected_total").increment(records.len() as u64);
        if let Some(announcements) = saved {
            announce::publish(self.log.as_ref(), &announcements).await;
            #[cfg(feature = "planted-bugs")]
            crate::planted_bug::crash_at("projector.after_announce");
            commit(reader, records).await;
        }
    }

    /// Stores a batch, however long that takes, and answers the announcements if it is left to us to publish them.
    async fn store_batch(&self, batch: &mut Batch) -> Option<Vec<NewEvent>> {
        let (mut backoff, mut clashes) = (Backoff::default(), 0);
        loop {
            let error = match self.try_batch(batch).await {
                Ok(announcements) => return announcements,
                Err(error) => error,
            };
            if let ViewStoreError::Clash(places) = &error {
                clashes += 1;
                if clashes == TRIES {
                    batch.park_messages(places, "its id or its seq is another message's");
                    clashes = 0;
                }
            }
            tracing::warn!(error = chain(&error), "a batch is not stored yet");
            backoff.wait().await;
        }
    }

    async fn try_batch(&self, batch: &mut Batch) -> Result<Option<Vec<NewEvent>>, ViewStoreError> {
        let rooms = self.store.load_rooms(&batch.rooms()).await?;
        let write = batch.fold(rooms);
        let saved = self.store.save(&write).await?;
        self.saves.send_modify(|saves| *saves += 1);
        Ok((saved == Saved::View).then_some(write.announcements))
    }
}

async fn commit(reader: &mut dyn GroupReader, records: &[Record]) {
    let mut backoff = Backoff::default();
    while let Err(error) = reader.commit(records).await {
        tracing::warn!(%error, "the position is not committed yet");
        backoff.wait().await;
    }
}
