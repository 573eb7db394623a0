//! The member of a group.

use std::{collections::HashMap, future::pending, sync::Arc};

use async_trait::async_trait;
use colloquy_contracts::Topic;
use futures_util::future::BoxFuture;
use rdkafka::{
    Offset, TopicPartitionList,
    config::FromClientConfigAndContext as _,
    consumer::{CommitMode, Consumer as _, StreamConsumer},
    error::KafkaError,
    topic_partition_list::TopicPartitionListElem,
    types::RDKafkaErrorCode,
};
use tokio::{
    task::{JoinHandle, spawn_blocking},
    time::timeout,
};

use super::{
    client::{self, REQUEST_TIMEOUT, Reporter, blocking},
    fetch::Fetcher,
    settings::KafkaSettings,
};
use crate::event_log::{EventLogError, GroupReader, Record, Rewound};

pub(super) struct Member {
    settings: Arc<KafkaSettings>,
    fetcher: Fetcher,
    /// A commit that outlasted its caller's timeout: commits hold at most one thread.
    committing: Option<JoinHandle<Result<(), KafkaError>>>,
}

impl Member {
    /// Returns before the first rebalance: a member without partitions waits in [`GroupReader::next`].
    pub(super) fn join(settings: Arc<KafkaSettings>, group: &str) -> Result<Self, EventLogError> {
        let consumer: StreamConsumer<Reporter> = StreamConsumer::from_config_and_context(
            client::reader(&settings, group)
                .set("partition.assignment.strategy", "range")
                .set("auto.offset.reset", "earliest")
                .set("session.timeout.ms", "6000")
                .set("heartbeat.interval.ms", "2000"),
            Reporter::default(),
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

    /// An offset for each of these partitions that is assigned to this member.
    fn beginnings(
        &self,
        partitions: &[i32],
        offset: Offset,
    ) -> Result<TopicPartitionList, KafkaError> {
        let assigned = self.fetcher.consumer().assignment()?;
        let mut beginnings = TopicPartitionList::new();
        for found in assigned.elements() {
            if partitions.contains(&found.partition()) {
                beginnings.add_partition_offset(found.topic(), found.partition(), offset)?;
            }
        }
        Ok(beginnings)
    }

    /// Waits for an earlier commit. Whether it succeeded does not matter: what follows is later.
    async fn settle(&mut self) -> Result<(), EventLogError> {
        if let Some(earlier) = &mut self.committing {
            let _ = timeout(REQUEST_TIMEOUT, earlier)
                .await
                .map_err(|_| late())?;
            self.committing = None;
        }
        Ok(())
    }

    /// Commits, and answers whether the group took it: not during a rebalance, or after one without this member.
    async fn commit_positions(
        &mut self,
        positions: TopicPartitionList,
    ) -> Result<bool, EventLogError> {
        if positions.count() == 0 {
            return Ok(true);
        }
        let consumer = Arc::clone(self.fetcher.consumer());
        let committing = self.committing.insert(spawn_blocking(move || {
            consumer.commit(&positions, CommitMode::Sync)
        }));
        let outcome = timeout(REQUEST_TIMEOUT, committing)
            .await
            .map_err(|_| late())?;
        self.committing = None;
        match outcome {
            Ok(Ok(())) => Ok(true),
            Ok(Err(error)) if has_lost_partitions(&error) => Ok(false),
            Ok(Err(error)) => Err(error.into()),
            Err(died) => Err(EventLogError::Unavailable(died.to_string())),
        }
    }
}

#[async_trait]
impl GroupReader for Member {
    async fn next(&mut self, max: usize) -> Result<Vec<Record>, EventLogError> {
        Ok(self.fetcher.next(max).await?)
    }

    fn assigned(&self) -> BoxFuture<'static, ()> {
        let mut assigned = self.fetcher.consumer().context().assigned.subscribe();
        Box::pin(async move {
            if assigned.wait_for(|assigned| *assigned).await.is_err() {
                // The member is gone and will be assigned nothing.
                pending::<()>().await;
            }
        })
    }

    async fn commit(&mut self, records: &[Record]) -> Result<(), EventLogError> {
        self.settle().await?;
        let positions = self.positions_behind(records)?;
        self.commit_positions(positions).await?;
        Ok(())
    }

    fn partitions(&self) -> Result<Vec<i32>, EventLogError> {
        let assigned = self.fetcher.consumer().assignment()?;
        let mut partitions: Vec<_> = assigned
            .elements()
            .iter()
            .map(TopicPartitionListElem::partition)
            .collect();
        partitions.sort_unstable();
        partitions.dedup();
        Ok(partitions)
    }

    async fn rewind(&mut self, partitions: &[i32]) -> Result<Vec<Rewound>, EventLogError> {
        self.settle().await?;
        // Reading goes back before the commit does: whatever of this fails, calling again still finds the old position.
        // Partitions come and go only in `next`, so they are the same ones all the while.
        let beginnings = self.beginnings(partitions, Offset::Beginning)?;
        if beginnings.count() == 0 {
            return Ok(Vec::new());
        }
        let consumer = Arc::clone(self.fetcher.consumer());
        let before = blocking(move || {
            let before = consumer.committed_offsets(beginnings.clone(), REQUEST_TIMEOUT)?;
            let sought = consumer.seek_partitions(beginnings, REQUEST_TIMEOUT)?;
            sought
                .elements()
                .iter()
                .try_for_each(TopicPartitionListElem::error)?;
            Ok(before)
        })
        .await?;
        // If the topic begins later, a member that resumes does so where it begins.
        let beginnings = self.beginnings(partitions, Offset::Offset(0))?;
        if !self.commit_positions(beginnings).await? {
            return Ok(Vec::new());
        }
        let elements = before.elements();
        let rewound = elements.iter().filter_map(|one| {
            Some(Rewound {
                topic: self.settings.topic(one.topic())?,
                partition: one.partition(),
                from: one.offset().to_raw().unwrap_or_default().max(0),
            })
        });
        Ok(rewound.collect())
    }
}

/// The group is in a rebalance, or had one without this member, which learns of it in its next read.
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
    EventLogError::Unavailable("kafka did not commit a position in time".to_owned())
}
