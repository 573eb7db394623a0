//! The log of a process that starts while Kafka is away: it serves without, and is not ready until Kafka has come.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use colloquy_chassis::{Tasks, answer::chain, backoff::Backoff, readiness::Gate};
use colloquy_contracts::Topic;

use super::{KafkaLog, KafkaSettings};
use crate::event_log::{
    EventLog, EventLogError, GroupProgress, GroupReader, NewEvent, Progress, TailReader,
};

/// The log in Kafka, which answers [`EventLogError::Unavailable`] until it is connected.
#[derive(Clone, Default)]
pub struct AwaitedLog(Arc<OnceLock<KafkaLog>>);

impl AwaitedLog {
    /// Connects, or goes on trying in a task while Kafka is away or does not let us in. The gate opens once the log is connected.
    ///
    /// # Errors
    /// Kafka is set up in a way that cannot work. If that shows only later, the task ends, and with it the process.
    pub async fn start(
        settings: KafkaSettings,
        gate: Gate,
        tasks: &Tasks,
    ) -> Result<Self, EventLogError> {
        let log = Self::default();
        if log.connect(&settings).await? {
            gate.open();
            return Ok(log);
        }
        let (connecting, stop) = (log.clone(), tasks.clone());
        tasks.spawn_vital("kafka", async move {
            tokio::select! {
                () = stop.stopping() => return,
                outcome = connecting.keep_connecting(&settings) => if let Err(error) = outcome {
                    return tracing::error!(error = chain(&error), "kafka cannot be used");
                }
            }
            gate.open();
            stop.stopping().await;
        });
        Ok(log)
    }

    async fn keep_connecting(&self, settings: &KafkaSettings) -> Result<(), EventLogError> {
        let mut backoff = Backoff::default();
        loop {
            backoff.wait().await;
            if self.connect(settings).await? {
                return Ok(());
            }
        }
    }

    /// Whether Kafka was there to connect to.
    async fn connect(&self, settings: &KafkaSettings) -> Result<bool, EventLogError> {
        match KafkaLog::connect(settings.clone()).await {
            Ok(log) => Ok(self.0.set(log).is_ok()),
            Err(error @ EventLogError::Misconfigured(_)) => Err(error),
            Err(error @ EventLogError::LockedOut(_)) => {
                tracing::error!(error = chain(&error), "waiting for the event log");
                Ok(false)
            }
            Err(error) => {
                tracing::warn!(error = chain(&error), "waiting for the event log");
                Ok(false)
            }
        }
    }

    fn log(&self) -> Result<&KafkaLog, EventLogError> {
        let unavailable = || EventLogError::Unavailable("not connected yet".to_owned());
        self.0.get().ok_or_else(unavailable)
    }
}

#[async_trait]
impl EventLog for AwaitedLog {
    async fn append(&self, events: &[NewEvent]) -> Result<Vec<bool>, EventLogError> {
        self.log()?.append(events).await
    }

    async fn join(&self, group: &str) -> Result<Box<dyn GroupReader>, EventLogError> {
        self.log()?.join(group).await
    }

    async fn tail(&self, topics: &[Topic]) -> Result<Box<dyn TailReader>, EventLogError> {
        self.log()?.tail(topics).await
    }
}

#[async_trait]
impl GroupProgress for AwaitedLog {
    async fn progress(&self, group: &str) -> Result<Vec<Progress>, EventLogError> {
        self.log()?.progress(group).await
    }
}
