//! A follower of topics, by manual assignment (decision 16).

use std::{sync::Arc, time::Duration};

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
use crate::event_log::{EventLogError, Record, TailReader};

const PATIENCE: Duration = Duration::from_secs(4);
/// librdkafka assigns nothing without a group's name; no member ever joins this one, and nothing is committed to it.
const GROUP: &str = "colloquy-tail";

pub(super) struct Tail {
    fetcher: Fetcher,
    /// A partition was lost from sight: nothing that this tail could still read is complete.
    out_of_range: bool,
}

impl Tail {
    pub(super) async fn at_end(
        settings: Arc<KafkaSettings>,
        topics: Vec<Topic>,
    ) -> Result<Self, EventLogError> {
        let consumer = {
            let settings = Arc::clone(&settings);
            blocking(move || {
                let consumer: StreamConsumer<Reporter> = StreamConsumer::from_config_and_context(
                    client::reader(&settings, GROUP).set("auto.offset.reset", "error"),
                    Reporter,
                )?;
                let names = topics.iter().map(|topic| settings.prefixed(topic.name()));
                let ends = ends(&consumer, names)?;
                consumer.assign(&ends)?;
                Ok(consumer)
            })
            .await?
        };
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
        match self.fetcher.next(max).await {
            Err(error) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AutoOffsetReset) => {
                self.out_of_range = true;
                Err(EventLogError::OutOfRange)
            }
            outcome => Ok(outcome?),
        }
    }
}

/// The high watermark of every partition. They are asked for now: an assignment to "the end" would mean the end at
/// the time of the first fetch.
fn ends(
    consumer: &StreamConsumer<Reporter>,
    names: impl Iterator<Item = String>,
) -> Result<TopicPartitionList, EventLogError> {
    let mut ends = TopicPartitionList::new();
    for name in names {
        let metadata = consumer.fetch_metadata(Some(&name), PATIENCE)?;
        for topic in metadata.topics() {
            if let Some(error) = topic.error() {
                return Err(KafkaError::MetadataFetch(error.into()).into());
            }
            for partition in topic.partitions() {
                let (_, end) = consumer.fetch_watermarks(&name, partition.id(), PATIENCE)?;
                ends.add_partition_offset(&name, partition.id(), Offset::Offset(end))?;
            }
        }
    }
    Ok(ends)
}
