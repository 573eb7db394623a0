//! The address of Kafka and the settings of its topics.

use colloquy_contracts::Topic;
use serde::Deserialize;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// How to reach Kafka, and what to make of topics that are missing. A topic that exists stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaSettings {
    /// `host:port` of one or more brokers, separated by commas.
    pub brokers: String,
    /// Partitions of each topic. Never changed once the topics exist: a room would move to another partition.
    pub partitions: i32,
    /// How long the write topics keep a record; -1 is for ever (decision 15).
    pub write_retention_ms: i64,
    /// How long the announced topics keep a record; -1 is for ever.
    pub announced_retention_ms: i64,
    /// Goes before the name of every topic and group, so that several systems can share one Kafka.
    pub topic_prefix: String,
}

impl KafkaSettings {
    /// The defaults, for brokers at an address.
    #[must_use]
    pub fn new(brokers: impl Into<String>) -> Self {
        Self {
            brokers: brokers.into(),
            partitions: 6,
            write_retention_ms: -1,
            announced_retention_ms: DAY_MS,
            topic_prefix: String::new(),
        }
    }

    /// What Kafka calls a topic or a group.
    pub(super) fn prefixed(&self, name: &str) -> String {
        format!("{}{name}", self.topic_prefix)
    }

    /// The topic that Kafka calls by this name.
    pub(super) fn topic(&self, name: &str) -> Option<Topic> {
        name.strip_prefix(&self.topic_prefix)?.parse().ok()
    }
}
