//! An event log that is nothing but its tail, so that a run measures the push side and no store.

use async_trait::async_trait;
use colloquy_contracts::Topic;
use colloquy_event_log::{EventLog, EventLogError, GroupReader, NewEvent, Record, TailReader};
use tokio::sync::broadcast::{self, error::RecvError};

/// Records that may wait for the push side.
const WAITING: usize = 4096;

/// An appended event goes to all followers, and is then forgotten.
#[derive(Clone, Debug)]
pub struct LiveLog(broadcast::Sender<Record>);

impl Default for LiveLog {
    fn default() -> Self {
        Self(broadcast::Sender::new(WAITING))
    }
}

struct Tail {
    records: broadcast::Receiver<Record>,
    topics: Vec<Topic>,
}

#[async_trait]
impl EventLog for LiveLog {
    async fn append(&self, events: &[NewEvent]) -> Result<Vec<bool>, EventLogError> {
        let sent = events.iter().map(|event| {
            let record = Record {
                topic: event.topic,
                partition: 0,
                offset: 0,
                key: event.room_id.to_string(),
                event_id: event.event_id.clone(),
                payload: event.payload.clone(),
                replayed: event.replayed,
                version: event.version,
                traceparent: event.traceparent,
            };
            self.0.send(record).is_ok()
        });
        Ok(sent.collect())
    }

    async fn join(&self, _: &str) -> Result<Box<dyn GroupReader>, EventLogError> {
        Err(EventLogError::Misconfigured(
            "this log remembers nothing, so no group can share it".into(),
        ))
    }

    async fn tail(&self, topics: &[Topic]) -> Result<Box<dyn TailReader>, EventLogError> {
        Ok(Box::new(Tail {
            records: self.0.subscribe(),
            topics: topics.to_vec(),
        }))
    }
}

#[async_trait]
impl TailReader for Tail {
    async fn next(&mut self, max: usize) -> Result<Vec<Record>, EventLogError> {
        let mut records = Vec::new();
        while records.is_empty() {
            match self.records.recv().await {
                Ok(record) => records.push(record),
                Err(RecvError::Lagged(_)) => return Err(EventLogError::OutOfRange),
                Err(RecvError::Closed) => {
                    return Err(EventLogError::Unavailable("the appender is gone".into()));
                }
            }
            while records.len() < max
                && let Ok(record) = self.records.try_recv()
            {
                records.push(record);
            }
            records.retain(|record| self.topics.contains(&record.topic));
        }
        Ok(records)
    }
}
