//! How far a group has come, asked by a client that never joins it.

use std::{collections::BTreeMap, sync::Arc};

use colloquy_contracts::Topic;
use rdkafka::{
    Offset,
    config::FromClientConfigAndContext as _,
    consumer::{BaseConsumer, Consumer as _},
    topic_partition_list::TopicPartitionListElem,
};

use super::{
    client::{self, REQUEST_TIMEOUT, Reporter, blocking},
    settings::KafkaSettings,
    watermarks::{self, Watermarks},
};
use crate::event_log::{EventLogError, Progress};

/// The progress of a group in each partition, over the write topics together.
pub(super) async fn of_group(
    settings: Arc<KafkaSettings>,
    group: String,
) -> Result<Vec<Progress>, EventLogError> {
    blocking(move || {
        let asking: BaseConsumer<Reporter> = BaseConsumer::from_config_and_context(
            &client::reader(&settings, &group),
            Reporter::default(),
        )?;
        let all = watermarks::fetch(&settings, &Topic::WRITE)?;
        let partitions = watermarks::assignment(&settings, &all, |_| 0)?;
        let committed = asking.committed_offsets(partitions, REQUEST_TIMEOUT)?;
        let mut progress = BTreeMap::<i32, Progress>::new();
        for one in &all {
            let found =
                committed.find_partition(&settings.prefixed(one.topic.name()), one.partition);
            let of = progress.entry(one.partition).or_insert(Progress {
                partition: one.partition,
                end: 0,
                position: 0,
            });
            of.end += one.high;
            of.position += position(one, found.as_ref());
        }
        Ok(progress.into_values().collect())
    })
    .await
}

/// The offset that the group reads next: where it has committed nothing, or what is no longer kept, the first one that is.
/// Commits are asked for after the ends, and may be of what came in between.
fn position(of: &Watermarks, committed: Option<&TopicPartitionListElem<'_>>) -> i64 {
    let committed = match committed.map(TopicPartitionListElem::offset) {
        Some(Offset::Offset(offset)) => offset,
        _ => of.low,
    };
    committed.clamp(of.low, of.high)
}
