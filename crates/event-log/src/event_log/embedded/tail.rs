//! Follows topics without a group.

use std::future::pending;

use async_trait::async_trait;
use colloquy_contracts::Topic;
use futures_util::future::select_all;

use super::outbox::{Commits, SqliteOutbox};
use crate::event_log::{EventLogError, Record, TailReader};

#[derive(Debug)]
pub(super) struct Tail {
    topics: Vec<Topic>,
    files: Vec<File>,
}

#[derive(Debug)]
struct File {
    outbox: SqliteOutbox,
    commits: Commits,
    position: i64,
}

impl Tail {
    pub(super) async fn at_end(
        outboxes: &[&SqliteOutbox],
        topics: &[Topic],
    ) -> Result<Self, EventLogError> {
        let mut files = Vec::with_capacity(outboxes.len());
        for &outbox in outboxes {
            files.push(File {
                outbox: outbox.clone(),
                commits: outbox.watch(),
                position: outbox.last_id().await?,
            });
        }
        Ok(Self {
            topics: topics.to_vec(),
            files,
        })
    }
}

#[async_trait]
impl TailReader for Tail {
    async fn next(&mut self, max: usize) -> Result<Vec<Record>, EventLogError> {
        if self.files.is_empty() {
            return pending().await;
        }
        loop {
            // Round robin, so that a busy file cannot delay the other.
            self.files.rotate_left(1);
            for file in &mut self.files {
                let records = file.read(&self.topics, max).await?;
                if !records.is_empty() {
                    return Ok(records);
                }
            }
            select_all(
                self.files
                    .iter_mut()
                    .map(|file| Box::pin(file.commits.next())),
            )
            .await;
        }
    }
}

impl File {
    /// The next wanted records, or none if there is nothing more. The position passes over what is not wanted; past
    /// wanted records it moves only as they are returned, so a dropped future loses nothing.
    async fn read(&mut self, topics: &[Topic], max: usize) -> Result<Vec<Record>, EventLogError> {
        loop {
            self.commits.forget();
            let mut records = self.outbox.read(self.position, max).await?;
            let (Some(first), Some(last)) = (records.first(), records.last()) else {
                return Ok(Vec::new());
            };
            // Ids leave no hole, because a rolled back transaction gives its ids back: what is missing was swept.
            if first.offset > self.position + 1 {
                self.position = first.offset - 1;
                return Err(EventLogError::OutOfRange);
            }
            self.position = last.offset;
            records.retain(|record| topics.contains(&record.topic));
            if !records.is_empty() {
                return Ok(records);
            }
        }
    }
}
