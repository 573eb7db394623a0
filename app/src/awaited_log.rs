//! The event log of a process that begins while Kafka is away: it serves without, and is not ready until Kafka has come.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use colloquy_chassis::{answer::chain, backoff::Backoff};
use colloquy_contracts::Topic;
use colloquy_event_log::{
    EventLog, EventLogError, GroupReader, KafkaLog, KafkaSettings, NewEvent, TailReader,
};

use crate::{process::Process, waiting::Passing as _};

/// Kafka, with its topics made and its producer warm; if it is away, what becomes so as soon as it has come.
///
/// # Errors
/// It is set up in a way that cannot work. If that shows later, the process ends.
pub async fn kafka(process: &Process) -> Result<Arc<dyn EventLog>, EventLogError> {
    let settings = process.settings.event_log.clone();
    let gate = process.readiness.gate("kafka");
    match KafkaLog::connect(settings.clone()).await {
        Ok(log) => {
            gate.open();
            return Ok(Arc::new(log));
        }
        Err(error) if !error.passes() => return Err(error),
        Err(error) => tracing::warn!(error = chain(&error), "serving without the event log"),
    }
    let log = AwaitedLog::default();
    let (connected, tasks) = (Arc::clone(&log.0), process.lifecycle.tasks());
    let stopping = tasks.clone();
    tasks.spawn_vital("kafka", async move {
        tokio::select! {
            () = stopping.stopping() => return,
            log = connect(settings) => match log {
                Ok(log) => drop(connected.set(log)),
                Err(error) => return tracing::error!(error = chain(&error), "kafka cannot be used"),
            }
        }
        gate.open();
        stopping.stopping().await;
    });
    Ok(Arc::new(log))
}

async fn connect(settings: KafkaSettings) -> Result<KafkaLog, EventLogError> {
    let mut backoff = Backoff::default();
    loop {
        backoff.wait().await;
        match KafkaLog::connect(settings.clone()).await {
            Err(error) if error.passes() => {
                tracing::warn!(error = chain(&error), "waiting for the event log");
            }
            outcome => return outcome,
        }
    }
}

#[derive(Default)]
struct AwaitedLog(Arc<OnceLock<KafkaLog>>);

impl AwaitedLog {
    fn log(&self) -> Result<&KafkaLog, EventLogError> {
        let away = || EventLogError::Unavailable("not connected yet".to_owned());
        self.0.get().ok_or_else(away)
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
