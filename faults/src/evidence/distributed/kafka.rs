//! The log.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, Result};
use rdkafka::{
    ClientConfig, Message as _, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    message::{BorrowedMessage, Headers as _},
    metadata::MetadataTopic,
};

use crate::evidence::{Contents, POISON, TOPICS};

const TIMEOUT: Duration = Duration::from_secs(10);

/// The write topics, partition by partition: a room lives on one of each, so its order is kept.
pub fn read(brokers: &str) -> Result<Contents> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "colloquy-audit")
        .set("enable.auto.commit", "false")
        .create()?;
    let mut contents = Contents::default();
    for topic in TOPICS {
        contents.append(read_topic(&consumer, topic)?);
    }
    Ok(contents)
}

fn read_topic(consumer: &BaseConsumer, topic: &str) -> Result<Contents> {
    let metadata = consumer
        .fetch_metadata(Some(topic), TIMEOUT)
        .context("cannot read Kafka")?;
    let mut assignment = TopicPartitionList::new();
    let mut left = BTreeMap::new();
    for partition in metadata.topics().iter().flat_map(MetadataTopic::partitions) {
        let (low, high) = consumer.fetch_watermarks(topic, partition.id(), TIMEOUT)?;
        if high > low {
            assignment.add_partition_offset(topic, partition.id(), Offset::Offset(low))?;
            left.insert(partition.id(), high);
        }
    }
    consumer.assign(&assignment)?;
    let mut logged: BTreeMap<i32, Contents> = BTreeMap::new();
    while !left.is_empty() {
        let event = consumer
            .poll(TIMEOUT)
            .context("the topic ends before its watermark")??;
        if !is_poison(&event) {
            let partition = logged.entry(event.partition()).or_default();
            partition.add_event(topic, event.payload().unwrap_or_default())?;
        }
        let high = left.get(&event.partition());
        if high.is_some_and(|high| event.offset() + 1 >= *high) {
            left.remove(&event.partition());
        }
    }
    let mut contents = Contents::default();
    logged
        .into_values()
        .for_each(|partition| contents.append(partition));
    Ok(contents)
}

fn is_poison(event: &BorrowedMessage<'_>) -> bool {
    event
        .headers()
        .into_iter()
        .flat_map(|headers| headers.iter())
        .any(|header| {
            header.key == "event-id"
                && header
                    .value
                    .is_some_and(|id| id.starts_with(POISON.as_bytes()))
        })
}
