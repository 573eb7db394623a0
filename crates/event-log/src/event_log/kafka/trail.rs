//! The write topics from their beginning, by manual assignment.

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use colloquy_contracts::Topic;
use rdkafka::{
    Offset, TopicPartitionList,
    config::FromClientConfigAndContext as _,
    consumer::{Consumer as _, StreamConsumer},
    error::KafkaError,
    types::RDKafkaErrorCode,
};

use super::{
    client::{self, Reporter, blocking},
    fetch::Fetcher,
    settings::KafkaSettings,
};
use crate::event_log::{EventLogError, Record, TrailReader};

const PATIENCE: Duration = Duration::from_secs(4);
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
        let (consumer, positions, ends) = blocking(move || {
            let consumer: StreamConsumer<Reporter> = StreamConsumer::from_config_and_context(
                client::reader(&opening, GROUP).set("auto.offset.reset", "error"),
                Reporter,
            )?;
            let (positions, ends) = watermarks(&opening, &consumer)?;
            let mut beginning = TopicPartitionList::new();
            for ((topic, partition), &position) in &positions {
                let name = opening.prefixed(topic.name());
                beginning.add_partition_offset(&name, *partition, Offset::Offset(position))?;
            }
            consumer.assign(&beginning)?;
            Ok((consumer, positions, ends))
        })
        .await?;
        Ok(Self {
            fetcher: Fetcher::new(Arc::clone(&settings), consumer),
            settings,
            positions,
            ends,
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
        let consumer = Arc::clone(self.fetcher.consumer());
        let settings = Arc::clone(&self.settings);
        let (_, ends) = blocking(move || watermarks(&settings, &consumer)).await?;
        self.ends = ends;
        Ok(())
    }
}

/// The first offset of every partition of the write topics, and the one behind its last.
fn watermarks(
    settings: &KafkaSettings,
    consumer: &StreamConsumer<Reporter>,
) -> Result<(Offsets, Offsets), EventLogError> {
    let (mut lows, mut highs) = (Offsets::new(), Offsets::new());
    for topic in Topic::WRITE {
        let name = settings.prefixed(topic.name());
        let metadata = consumer.fetch_metadata(Some(&name), PATIENCE)?;
        for found in metadata.topics() {
            if let Some(error) = found.error() {
                return Err(KafkaError::MetadataFetch(error.into()).into());
            }
            for partition in found.partitions() {
                let (low, high) = consumer.fetch_watermarks(&name, partition.id(), PATIENCE)?;
                lows.insert((topic, partition.id()), low);
                highs.insert((topic, partition.id()), high);
            }
        }
    }
    Ok((lows, highs))
}
