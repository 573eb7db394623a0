//! Where the partitions of topics begin and end.

use std::sync::Arc;

use colloquy_contracts::Topic;
use rdkafka::{
    Offset, TopicPartitionList,
    config::FromClientConfigAndContext as _,
    consumer::{BaseConsumer, Consumer as _, StreamConsumer},
    error::KafkaError,
};

use super::{
    client::{self, REQUEST_TIMEOUT, Reporter, blocking},
    settings::KafkaSettings,
};
use crate::event_log::EventLogError;

/// One partition, as it is now.
pub(super) struct Watermarks {
    pub topic: Topic,
    pub partition: i32,
    /// The offset of the first record that is kept.
    pub low: i64,
    /// The offset behind the last record.
    pub high: i64,
}

/// Every partition of these topics. Blocks its thread. Asked on a connection of its own: on one that a reader fetches on,
/// each answer would wait for the fetch that is under way.
pub(super) fn fetch(
    settings: &KafkaSettings,
    topics: &[Topic],
) -> Result<Vec<Watermarks>, EventLogError> {
    let asking =
        BaseConsumer::from_config_and_context(&client::config(settings), Reporter::default())?;
    let mut watermarks = Vec::new();
    for &topic in topics {
        let name = settings.prefixed(topic.name());
        let metadata = asking.fetch_metadata(Some(&name), REQUEST_TIMEOUT)?;
        for found in metadata.topics() {
            if let Some(error) = found.error() {
                return Err(KafkaError::MetadataFetch(error.into()).into());
            }
            for partition in found.partitions() {
                let partition = partition.id();
                let (low, high) = asking.fetch_watermarks(&name, partition, REQUEST_TIMEOUT)?;
                watermarks.push(Watermarks {
                    topic,
                    partition,
                    low,
                    high,
                });
            }
        }
    }
    Ok(watermarks)
}

/// A consumer of these topics, each partition from the offset that `from` takes of its watermarks.
///
/// librdkafka assigns nothing without a group's name; no member ever joins that group, and nothing is committed to it.
pub(super) async fn assigned(
    settings: &Arc<KafkaSettings>,
    group: &'static str,
    topics: Vec<Topic>,
    from: fn(&Watermarks) -> i64,
) -> Result<(StreamConsumer<Reporter>, Vec<Watermarks>), EventLogError> {
    let settings = Arc::clone(settings);
    blocking(move || {
        let consumer: StreamConsumer<Reporter> = StreamConsumer::from_config_and_context(
            client::reader(&settings, group).set("auto.offset.reset", "error"),
            Reporter::default(),
        )?;
        let watermarks = fetch(&settings, &topics)?;
        consumer.assign(&assignment(&settings, &watermarks, from)?)?;
        Ok((consumer, watermarks))
    })
    .await
}

/// What a consumer is to read. Offsets are numbers: "the end" would mean the end at the time of the first fetch.
pub(super) fn assignment(
    settings: &KafkaSettings,
    watermarks: &[Watermarks],
    from: fn(&Watermarks) -> i64,
) -> Result<TopicPartitionList, KafkaError> {
    let mut assignment = TopicPartitionList::new();
    for one in watermarks {
        let name = settings.prefixed(one.topic.name());
        assignment.add_partition_offset(&name, one.partition, Offset::Offset(from(one)))?;
    }
    Ok(assignment)
}
