//! The write topics from their beginning, by manual assignment.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use colloquy_contracts::Topic;
use rdkafka::{
    config::FromClientConfigAndContext as _,
    consumer::{Consumer as _, StreamConsumer},
    types::RDKafkaErrorCode,
};

use super::{
    client::{self, Reporter, blocking},
    fetch::Fetcher,
    settings::KafkaSettings,
    watermarks::{self, Watermarks},
};
use crate::event_log::{EventLogError, Record, TrailReader};

/// librdkafka assigns nothing without a group's name; no member ever joins this one, and nothing is committed to it.
const GROUP: &str = "colloquy-trail";

type Offsets = HashMap<(Topic, i32), i64>;

pub(super) struct Trail {
    settings: Arc<KafkaSettings>,
    fetcher: Fetcher,
    /// What is read next of each partition.
    positions: Offsets,
    /// What is no longer read of each partition.
    ends: Offsets,
}

impl Trail {
    pub(super) async fn open(settings: Arc<KafkaSettings>) -> Result<Self, EventLogError> {
        let opening = Arc::clone(&settings);
        let (consumer, watermarks) = blocking(move || {
            let consumer: StreamConsumer<Reporter> = StreamConsumer::from_config_and_context(
                client::reader(&opening, GROUP).set("auto.offset.reset", "error"),
                Reporter::default(),
            )?;
            let watermarks = watermarks::fetch(&opening, &Topic::WRITE)?;
            let beginning = watermarks::assignment(&opening, &watermarks, |one| one.low)?;
            consumer.assign(&beginning)?;
            Ok((consumer, watermarks))
        })
        .await?;
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
        let records = match self.fetcher.next(max).await {
            Err(error) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AutoOffsetReset) => {
                return Err(EventLogError::OutOfRange);
            }
            outcome => outcome?,
        };
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
