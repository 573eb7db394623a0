//! Follows topics without a group, by manual assignment (push side, decision 16).

use std::sync::Arc;

use async_trait::async_trait;
use colloquy_contracts::Topic;

use super::{fetch::Fetcher, settings::KafkaSettings, watermarks};
use crate::event_log::{EventLogError, Record, TailReader};

pub(super) struct Tail {
    fetcher: Fetcher,
    /// Kafka no longer keeps what a partition was to be read from: nothing that this tail could still read is complete.
    out_of_range: bool,
}

impl Tail {
    pub(super) async fn at_end(
        settings: Arc<KafkaSettings>,
        topics: Vec<Topic>,
    ) -> Result<Self, EventLogError> {
        let (consumer, _) =
            watermarks::assigned(&settings, "colloquy-tail", topics, |one| one.high).await?;
        Ok(Self {
            fetcher: Fetcher::new(settings, consumer),
            out_of_range: false,
        })
    }
}

#[async_trait]
impl TailReader for Tail {
    async fn next(&mut self, max: usize) -> Result<Vec<Record>, EventLogError> {
        if self.out_of_range {
            return Err(EventLogError::OutOfRange);
        }
        let records = self.fetcher.next(max).await.map_err(EventLogError::from);
        self.out_of_range = matches!(records, Err(EventLogError::OutOfRange));
        records
    }
}
