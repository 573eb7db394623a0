//! The log in Kafka: five topics, keyed by room.
//!
//! Groups use the classic protocol with the range strategy, which gives all partitions with the same number to one
//! member; that is why the three write topics must have equally many (decision 7).

mod awaited;
mod client;
mod deliveries;
mod fetch;
mod group;
#[cfg(test)]
mod idle_tests;
#[cfg(test)]
mod outage_tests;
mod partition;
mod pending;
mod producer;
mod progress;
mod record;
mod settings;
mod survey;
mod tail;
mod topics;
mod trail;
mod watermarks;

use std::sync::Arc;

use async_trait::async_trait;
use colloquy_contracts::Topic;
use rdkafka::{error::KafkaError, types::RDKafkaErrorCode};

use self::{group::Member, producer::Producer, tail::Tail, trail::Trail};
use super::{
    AuditTrail, EventLog, EventLogError, GroupProgress, GroupReader, NewEvent, Progress,
    TailReader, TrailReader,
};

pub use self::{
    awaited::AwaitedLog,
    settings::{KafkaSettings, SaslMechanism, SecurityProtocol},
    survey::{KafkaSurvey, TopicFacts},
};

/// The log of a distributed system. Cheap to clone.
#[derive(Clone)]
pub struct KafkaLog {
    settings: Arc<KafkaSettings>,
    producer: Arc<Producer>,
}

impl KafkaLog {
    /// Connects, makes the topics that are missing, and warms the producer up, so that the first event is not slower
    /// than the others (decision 6). Answers within a few seconds; to start before Kafka, see [`AwaitedLog`].
    ///
    /// # Errors
    /// Kafka is unavailable, or a write topic has another number of partitions than the settings say.
    pub async fn connect(settings: KafkaSettings) -> Result<Self, EventLogError> {
        topics::prepare(&settings).await?;
        let producer = Producer::new(&settings)?;
        producer.warm_up().await?;
        Ok(Self {
            settings: Arc::new(settings),
            producer: Arc::new(producer),
        })
    }
}

#[async_trait]
impl EventLog for KafkaLog {
    async fn append(&self, events: &[NewEvent]) -> Result<Vec<bool>, EventLogError> {
        self.producer.append(events).await
    }

    async fn join(&self, group: &str) -> Result<Box<dyn GroupReader>, EventLogError> {
        Ok(Box::new(Member::join(Arc::clone(&self.settings), group)?))
    }

    async fn tail(&self, topics: &[Topic]) -> Result<Box<dyn TailReader>, EventLogError> {
        let tail = Tail::at_end(Arc::clone(&self.settings), topics.to_vec()).await?;
        Ok(Box::new(tail))
    }
}

#[async_trait]
impl AuditTrail for KafkaLog {
    async fn read_from_beginning(&self) -> Result<Box<dyn TrailReader>, EventLogError> {
        Ok(Box::new(Trail::open(Arc::clone(&self.settings)).await?))
    }
}

#[async_trait]
impl GroupProgress for KafkaLog {
    async fn progress(&self, group: &str) -> Result<Vec<Progress>, EventLogError> {
        progress::of_group(Arc::clone(&self.settings), group.to_owned()).await
    }
}

impl From<KafkaError> for EventLogError {
    fn from(error: KafkaError) -> Self {
        match error {
            KafkaError::ClientConfig(..) | KafkaError::ClientCreation(_) => {
                Self::Misconfigured(error.to_string())
            }
            error if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AutoOffsetReset) => {
                Self::OutOfRange
            }
            error => Self::Unavailable(error.to_string()),
        }
    }
}
