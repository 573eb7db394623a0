//! The write topics from their beginning, by manual assignment.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use colloquy_contracts::Topic;

use super::{
    client::blocking,
    fetch::Fetcher,
    settings::KafkaSettings,
    watermarks::{self, Watermarks},
};
use crate::event_log::{EventLogError, Record, TrailReader};

/// An offset of each partition.
type Offsets = HashMap<(Topic, i32), i64>;

pub(super) struct Trail {
    settings: Arc<KafkaSettings>,
    fetcher: Fetcher,
    /// The offset that is read next in each partition.
    positions: Offsets,
    /// The offset in each partition at which reading ends.
    ends: Offsets,
}

impl Trail {
    pub(super) async fn open(settings: Arc<KafkaSettings>) -> Result<Self, EventLogError> {
        let topics = Topic::WRITE.to_vec();
        let (consumer, watermarks) =
            watermarks::assigned(&settings, "colloquy-trail", topics, |one| one.low).await?;
        Ok(Self {
            fetcher: Fetcher::new(Arc::clone(&settings), consumer),
            settings,
            positions: offsets(&watermarks, |one| one.low),
            ends: offsets(&watermarks, |one| one.high),
        })
    }

    fn is_at_end(&self) -> bool {
        let behind = |(partition, end)| self.positions.get(partition) < Some(end);
        !self.ends.iter().any(behind)
    }
}

#[async_trait]
impl TrailReader for Trail {
    async fn next(&mut self, max: usize) -> Result<Vec<Record>, EventLogError> {
        if self.is_at_end() {
            return Ok(Vec::new());
        }
        let records = self.fetcher.next(max).await?;
        for record in &records {
            let partition = (record.topic, record.partition);
            self.positions.insert(partition, record.offset + 1);
        }
        Ok(records)
    }

    async fn note_end(&mut self) -> Result<(), EventLogError> {
        let settings = Arc::clone(&self.settings);
        let fetch = move || watermarks::fetch(&settings, &Topic::WRITE);
        self.ends = offsets(&blocking(fetch).await?, |one| one.high);
        Ok(())
    }
}

fn offsets(watermarks: &[Watermarks], of: impl Fn(&Watermarks) -> i64) -> Offsets {
    let offset = |one: &Watermarks| ((one.topic, one.partition), of(one));
    watermarks.iter().map(offset).collect()
}
