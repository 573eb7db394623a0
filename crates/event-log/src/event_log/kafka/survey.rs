//! What Kafka shows to a client that makes and writes nothing.

use std::sync::Arc;

use colloquy_contracts::Topic;
use rdkafka::{metadata::MetadataTopic, producer::Producer as _};

use super::{
    client::{REQUEST_TIMEOUT, blocking},
    progress,
    settings::KafkaSettings,
    topics::{self, Wanted},
};
use crate::event_log::{EventLogError, Progress};

/// The brokers, our topics, and one group.
#[derive(Clone, Debug)]
pub struct KafkaSurvey {
    /// How many brokers there are.
    pub brokers: usize,
    /// All our topics: the write topics first, the warm-up topic last.
    pub topics: Vec<TopicFacts>,
    /// How many members the group has now.
    pub members: usize,
}

/// One of our topics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicFacts {
    /// Its name in Kafka.
    pub name: String,
    /// Whether it is one of the write topics, which need the same number of partitions.
    pub is_of_writes: bool,
    /// How many partitions the settings say.
    pub wanted: usize,
    /// How many partitions it has; none if there is no such topic.
    pub partitions: usize,
    /// The fewest replicas that one of its partitions has.
    pub replicas: usize,
    /// Partitions that take and give nothing, because they have no leader.
    pub without_leader: usize,
    /// Partitions of which a replica is behind or away.
    pub behind: usize,
}

impl KafkaSurvey {
    /// Looks at Kafka.
    ///
    /// # Errors
    /// Kafka is unavailable, does not let us in, or its address cannot be used.
    pub async fn of(settings: &KafkaSettings, group: &str) -> Result<Self, EventLogError> {
        let (settings, group) = (settings.clone(), settings.prefixed(group));
        blocking(move || {
            let asking = topics::asking(&settings)?;
            let metadata = topics::metadata(&asking)?;
            let groups = asking
                .client()
                .fetch_group_list(Some(&group), REQUEST_TIMEOUT)?;
            let members = groups.groups().iter().map(|group| group.members().len());
            let topic = |wanted: &Wanted| {
                let named = |topic: &&MetadataTopic| topic.name() == wanted.name;
                let found = metadata.topics().iter().find(named);
                facts(&settings, wanted, found.filter(|one| one.error().is_none()))
            };
            Ok(Self {
                brokers: metadata.brokers().len(),
                topics: topics::wanted(&settings).iter().map(topic).collect(),
                members: members.sum(),
            })
        })
        .await
    }

    /// How far a group has come in each partition, as [`GroupProgress`](crate::GroupProgress) has it.
    ///
    /// # Errors
    /// Kafka is unavailable, or a write topic is missing.
    pub async fn progress(
        settings: &KafkaSettings,
        group: &str,
    ) -> Result<Vec<Progress>, EventLogError> {
        progress::of_group(Arc::new(settings.clone()), group.to_owned()).await
    }
}

fn facts(settings: &KafkaSettings, wanted: &Wanted, found: Option<&MetadataTopic>) -> TopicFacts {
    let partitions = found.map(MetadataTopic::partitions).unwrap_or_default();
    let replicas = partitions.iter().map(|one| one.replicas().len());
    let topic = settings.topic(&wanted.name);
    TopicFacts {
        name: wanted.name.clone(),
        is_of_writes: topic.is_some_and(|topic| Topic::WRITE.contains(&topic)),
        wanted: usize::try_from(wanted.partitions).unwrap_or_default(),
        partitions: partitions.len(),
        replicas: replicas.min().unwrap_or_default(),
        without_leader: partitions.iter().filter(|one| one.leader() < 0).count(),
        behind: partitions
            .iter()
            .filter(|one| one.isr().len() < one.replicas().len())
            .count(),
    }
}
