//! An event log in memory that can be down, or have lost what comes next.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use colloquy_contracts::Topic;
use colloquy_event_log::{EventLog, EventLogError, GroupReader, NewEvent, Record, TailReader};
use tokio::sync::watch;

/// A log that all its clones share.
#[derive(Clone)]
pub struct MemoryLog {
    records: Arc<Mutex<Vec<Record>>>,
    length: watch::Sender<usize>,
    down: Arc<AtomicBool>,
    lost: Arc<AtomicBool>,
}

impl Default for MemoryLog {
    fn default() -> Self {
        Self {
            records: Arc::default(),
            length: watch::channel(0).0,
            down: Arc::default(),
            lost: Arc::default(),
        }
    }
}

struct Tail {
    log: MemoryLog,
    topics: Vec<Topic>,
    position: usize,
    length: watch::Receiver<usize>,
}

impl MemoryLog {
    /// Appends one event.
    pub async fn add(&self, event: impl Into<NewEvent>) {
        self.append(&[event.into()]).await.unwrap();
    }

    /// No reader can begin to follow while it is down.
    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    /// The next read of one follower finds that what comes next is gone.
    pub fn lose(&self) {
        self.lost.store(true, Ordering::SeqCst);
        self.length.send_modify(|_| {});
    }
}

#[async_trait]
impl EventLog for MemoryLog {
    async fn append(&self, events: &[NewEvent]) -> Result<Vec<bool>, EventLogError> {
        let mut records = self.records.lock().unwrap();
        for event in events {
            let offset = i64::try_from(records.len()).unwrap();
            records.push(Record {
                topic: event.topic,
                partition: 0,
                offset,
                key: event.room_id.to_string(),
                event_id: event.event_id.clone(),
                payload: event.payload.clone(),
                replayed: event.replayed,
                version: event.version,
                traceparent: event.traceparent,
            });
        }
        self.length.send_replace(records.len());
        Ok(vec![true; events.len()])
    }

    async fn join(&self, _: &str) -> Result<Box<dyn GroupReader>, EventLogError> {
        Err(EventLogError::Misconfigured(
            "the push side joins no group".into(),
        ))
    }

    async fn tail(&self, topics: &[Topic]) -> Result<Box<dyn TailReader>, EventLogError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(EventLogError::Unavailable("down".into()));
        }
        let length = self.length.subscribe();
        let position = *length.borrow();
        Ok(Box::new(Tail {
            log: self.clone(),
            topics: topics.to_vec(),
            position,
            length,
        }))
    }
}

#[async_trait]
impl TailReader for Tail {
    async fn next(&mut self, max: usize) -> Result<Vec<Record>, EventLogError> {
        loop {
            if self.log.lost.swap(false, Ordering::SeqCst) {
                return Err(EventLogError::OutOfRange);
            }
            self.length.mark_unchanged();
            let new = self.log.records.lock().unwrap()[self.position..]
                .iter()
                .take(max)
                .cloned()
                .collect::<Vec<_>>();
            self.position += new.len();
            let of_interest: Vec<_> = new
                .into_iter()
                .filter(|record| self.topics.contains(&record.topic))
                .collect();
            if !of_interest.is_empty() {
                return Ok(of_interest);
            }
            self.length
                .changed()
                .await
                .expect("the log outlives its followers");
        }
    }
}
