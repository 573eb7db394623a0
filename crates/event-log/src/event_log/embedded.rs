//! The log inside SQLite files: each topic's log is its writer's outbox (decision 10).
//!
//! SQLite has one writer, so outbox ids are in commit order, and the id of the last record that was read is a position. That is
//! true of SQLite only: on PostgreSQL ids are taken before commits.

mod group;
mod outbox;
mod positions;
mod stored;
mod tail;
mod trail;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use colloquy_chassis::answer::chain;
use colloquy_contracts::{Topic, Writer};
use colloquy_sql::{StoreError, sqlite::SqliteDatabase};
use tokio::sync::Semaphore;

use self::{group::Member, tail::Tail, trail::Trail};
use super::{
    AuditTrail, EventLog, EventLogError, GroupProgress, GroupReader, NewEvent, Progress,
    TailReader, TrailReader,
};

pub use self::{outbox::SqliteOutbox, positions::record_position};

/// The log of an all-in-one process: the write side's outbox and the read side's, each in its owner's file.
#[derive(Clone, Debug)]
pub struct EmbeddedLog {
    write: SqliteOutbox,
    announced: SqliteOutbox,
    /// One permit a group: the member that holds it is the group's one active member.
    groups: Arc<Mutex<HashMap<String, Arc<Semaphore>>>>,
}

impl EmbeddedLog {
    /// The log that reads the three write topics from `write` (`write.db`), and the two announced topics and the
    /// positions of groups from `announced` (`views.db`).
    #[must_use]
    pub fn new(write: SqliteOutbox, announced: SqliteOutbox) -> Self {
        Self {
            write,
            announced,
            groups: Arc::default(),
        }
    }

    /// The id of the last record that `group` has committed; 0 if it has committed nothing.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn position(&self, group: &str) -> Result<i64, StoreError> {
        positions::read(self.announced.database(), group).await
    }

    /// Whether `group` has committed more than the write file holds. Then the write file is a restored backup, and the
    /// views show what never happened: they must be rebuilt (decision 10).
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn is_ahead(&self, group: &str) -> Result<bool, StoreError> {
        Ok(self.position(group).await? > self.write.last_id().await?)
    }

    /// How far `group` has come, by the two files as they are: their tables are neither made nor changed, so that they may
    /// be those of another release.
    ///
    /// # Errors
    /// A file cannot be read, or has no such table.
    pub async fn progress_beside(
        write: &SqliteDatabase,
        announced: &SqliteDatabase,
        group: &str,
    ) -> Result<Progress, StoreError> {
        let position = positions::read(announced, group).await?;
        // Read second, so that what is appended meanwhile is never behind the position.
        let end = outbox::last_id(write).await?;
        Ok(Progress {
            partition: 0,
            end,
            position: position.min(end),
        })
    }

    fn home(&self, topic: Topic) -> &SqliteOutbox {
        match topic.writer() {
            Writer::ChatCommand => &self.write,
            Writer::ChatQuery => &self.announced,
        }
    }

    fn permit(&self, group: &str) -> Arc<Semaphore> {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        let permit = groups
            .entry(group.to_owned())
            .or_insert_with(|| Arc::new(Semaphore::new(1)));
        Arc::clone(permit)
    }
}

#[async_trait]
impl EventLog for EmbeddedLog {
    async fn append(&self, events: &[NewEvent]) -> Result<Vec<bool>, EventLogError> {
        let mut durable = Vec::with_capacity(events.len());
        for run in events.chunk_by(|one, next| one.topic.writer() == next.topic.writer()) {
            match self.home(run[0].topic).append(run).await {
                Ok(()) => durable.resize(durable.len() + run.len(), true),
                Err(error) if durable.is_empty() => return Err(error.into()),
                Err(_) => break,
            }
        }
        durable.resize(events.len(), false);
        Ok(durable)
    }

    /// A process is the only one in its data folder, so a group has one active member. Another one that joins waits
    /// in [`GroupReader::next`] until the first is dropped, as a Kafka member without a partition does.
    async fn join(&self, group: &str) -> Result<Box<dyn GroupReader>, EventLogError> {
        Ok(Box::new(Member::new(
            group.to_owned(),
            self.permit(group),
            &self.write,
            self.announced.database().clone(),
        )))
    }

    async fn tail(&self, topics: &[Topic]) -> Result<Box<dyn TailReader>, EventLogError> {
        let mut outboxes = Vec::new();
        for writer in [Writer::ChatCommand, Writer::ChatQuery] {
            if let Some(&topic) = topics.iter().find(|topic| topic.writer() == writer) {
                outboxes.push(self.home(topic));
            }
        }
        Ok(Box::new(Tail::at_end(&outboxes, topics).await?))
    }
}

#[async_trait]
impl AuditTrail for EmbeddedLog {
    async fn read_from_beginning(&self) -> Result<Box<dyn TrailReader>, EventLogError> {
        Ok(Box::new(Trail::open(&self.write).await?))
    }
}

#[async_trait]
impl GroupProgress for EmbeddedLog {
    async fn progress(&self, group: &str) -> Result<Vec<Progress>, EventLogError> {
        let (write, announced) = (self.write.database(), self.announced.database());
        Ok(vec![Self::progress_beside(write, announced, group).await?])
    }
}

impl From<StoreError> for EventLogError {
    fn from(error: StoreError) -> Self {
        if error.is_transient() {
            Self::Unavailable(chain(&error))
        } else {
            Self::Misconfigured(chain(&error))
        }
    }
}
