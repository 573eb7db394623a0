//! The member of a group.

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use colloquy_contracts::Topic;
use rdkafka::{
    Offset, TopicPartitionList,
    config::FromClientConfigAndContext as _,
    consumer::{CommitMode, Consumer as _, StreamConsumer},
    error::KafkaError,
    types::RDKafkaErrorCode,
};
use tokio::{
    task::{JoinHandle, spawn_blocking},
    time::timeout,
};

use super::{
    client::{self, Reporter},
    fetch::Fetcher,
    settings::KafkaSettings,
};
use crate::event_log::{EventLogError, GroupReader, Record};

const PATIENCE: Duration = Duration::from_secs(4);

pub(super) struct Member {
    settings: Arc<KafkaSettings>,
    fetcher: Fetcher,
    /// A commit that takes longer than its caller waited: commits hold at most one thread.
    committing: Option<JoinHandle<Result<(), KafkaError>>>,
}

impl Member {
    /// Returns before the group has met: whoever has no partition yet waits in [`GroupReader::next`].
    pub(super) fn join(settings: Arc<KafkaSettings>, group: &str) -> Result<Self, EventLogError> {
        let consumer: StreamConsumer<Reporter> = StreamConsumer::from_config_and_context(
            client::reader(&settings, group)
                .set("partition.assignment.strategy", "range")
                .set("auto.offset.reset", "earliest")
                .set("session.timeout.ms", "6000")
                .set("heartbeat.interval.ms", "2000"),
            Reporter,
        )?;
        let topics = Topic::WRITE.map(|topic| settings.prefixed(topic.name()));
        consumer.subscribe(&topics.each_ref().map(String::as_str))?;
        Ok(Self {
            fetcher: Fetcher::new(Arc::clone(&settings), consumer),
            settings,
            committing: None,
        })
    }

    /// The positions behind these records, in partitions that this member still has: to commit another one's partition
    /// would move that member back.
    fn positions_behind(&self, records: &[Record]) -> Result<TopicPartitionList, KafkaError> {
        let mut behind = HashMap::<(Topic, i32), i64>::new();
        for record in records {
            let position = behind.entry((record.topic, record.partition)).or_default();
            *position = record.offset.saturating_add(1).max(*position);
        }
        let assigned = self.fetcher.consumer().assignment()?;
        let mut positions = TopicPartitionList::new();
        for ((topic, partition), position) in behind {
            let name = self.settings.prefixed(topic.name());
            if assigned.find_partition(&name, partition).is_some() {
                positions.add_partition_offset(&name, partition, Offset::Offset(position))?;
            }
        }
        Ok(positions)
    }
}

#[async_trait]
impl GroupReader for Member {
    async fn next(&mut self, max: usize) -> Result<Vec<Record>, EventLogError> {
        Ok(self.fetcher.next(max).await?)
    }

    async fn commit(&mut self, records: &[Record]) -> Result<(), EventLogError> {
        if let Some(earlier) = &mut self.committing {
            // Whether it succeeded does not matter: this commit is further.
            let _ = timeout(PATIENCE, earlier).await.map_err(|_| late())?;
            self.committing = None;
        }
        let positions = self.positions_behind(records)?;
        if positions.count() == 0 {
            return Ok(());
        }
        let consumer = Arc::clone(self.fetcher.consumer());
        let committing = self.committing.insert(spawn_blocking(move || {
            consumer.commit(&positions, CommitMode::Sync)
        }));
        let outcome = timeout(PATIENCE, committing).await.map_err(|_| late())?;
        self.committing = None;
        match outcome {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if has_lost_partitions(&error) => Ok(()),
            Ok(Err(error)) => Err(error.into()),
            Err(died) => Err(EventLogError::Unavailable(died.to_string())),
        }
    }
}

/// The group is meeting, or has met without this member, which learns of it in its next read.
fn has_lost_partitions(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::RebalanceInProgress
                | RDKafkaErrorCode::IllegalGeneration
                | RDKafkaErrorCode::UnknownMemberId
        )
    )
}

fn late() -> EventLogError {
    EventLogError::Unavailable("kafka has not taken a position in time".to_owned())
}
