//! The member of a group.

use std::sync::Arc;

use async_trait::async_trait;
use colloquy_contracts::Topic;
use colloquy_sql::sqlite::SqliteDatabase;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    outbox::{Commits, SqliteOutbox},
    positions, stored,
};
use crate::event_log::{EventLogError, GroupReader, Record, Rewound};

/// The one partition of every topic.
const PARTITION: i32 = 0;

#[derive(Debug)]
pub(super) struct Member {
    group: String,
    permit: Arc<Semaphore>,
    outbox: SqliteOutbox,
    commits: Commits,
    positions: SqliteDatabase,
    active: Option<Active>,
}

/// What the group's one active member has: the permit, and the id of the last record that it has read (0: none).
#[derive(Debug)]
struct Active {
    position: i64,
    _permit: OwnedSemaphorePermit,
}

impl Member {
    pub(super) fn new(
        group: String,
        permit: Arc<Semaphore>,
        outbox: &SqliteOutbox,
        positions: SqliteDatabase,
    ) -> Self {
        Self {
            group,
            permit,
            outbox: outbox.clone(),
            commits: outbox.watch(),
            positions,
            active: None,
        }
    }

    /// Waits for the permit; only then is the position known, because the previous member may have moved it until it left.
    async fn activate(&self) -> Result<Active, EventLogError> {
        let permit = Arc::clone(&self.permit)
            .acquire_owned()
            .await
            .expect("permits are never closed");
        let position = positions::read(&self.positions, &self.group).await?;
        Ok(Active {
            position,
            _permit: permit,
        })
    }
}

#[async_trait]
impl GroupReader for Member {
    async fn next(&mut self, max: usize) -> Result<Vec<Record>, EventLogError> {
        if self.active.is_none() {
            self.active = Some(self.activate().await?);
        }
        let active = self.active.as_mut().expect("the permit was just taken");
        loop {
            self.commits.forget();
            let records = self.outbox.read(active.position, max).await?;
            if let Some(last) = records.last() {
                stored::report_missing(active.position, &records);
                // Nothing is awaited behind this: a dropped future leaves the position where it was.
                active.position = last.offset;
                return Ok(records);
            }
            self.commits.next().await;
        }
    }

    async fn commit(&mut self, records: &[Record]) -> Result<(), EventLogError> {
        let last = records.iter().map(|record| record.offset).max();
        if let (Some(_), Some(last)) = (&self.active, last) {
            positions::advance(&self.positions, &self.group, last).await?;
        }
        Ok(())
    }

    fn partitions(&self) -> Result<Vec<i32>, EventLogError> {
        Ok(self.active.iter().map(|_| PARTITION).collect())
    }

    async fn rewind(&mut self, partitions: &[i32]) -> Result<Vec<Rewound>, EventLogError> {
        let Some(active) = &mut self.active else {
            return Ok(Vec::new());
        };
        if !partitions.contains(&PARTITION) {
            return Ok(Vec::new());
        }
        let committed = positions::read(&self.positions, &self.group).await?;
        positions::forget(&self.positions, &self.group).await?;
        active.position = 0;
        let rewound = |topic| Rewound {
            topic,
            partition: PARTITION,
            from: committed + 1,
        };
        Ok(Topic::WRITE.map(rewound).into())
    }
}
