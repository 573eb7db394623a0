//! The member of a group.

use std::sync::Arc;

use async_trait::async_trait;
use colloquy_sql::sqlite::SqliteDatabase;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    outbox::{Commits, SqliteOutbox},
    positions,
};
use crate::event_log::{EventLogError, GroupReader, Record};

#[derive(Debug)]
pub(super) struct Member {
    group: String,
    seat: Arc<Semaphore>,
    outbox: SqliteOutbox,
    commits: Commits,
    positions: SqliteDatabase,
    active: Option<Active>,
}

/// What the group's one active member has: the seat, and how far it has read.
#[derive(Debug)]
struct Active {
    position: i64,
    _seat: OwnedSemaphorePermit,
}

impl Member {
    pub(super) fn new(
        group: String,
        seat: Arc<Semaphore>,
        outbox: &SqliteOutbox,
        positions: SqliteDatabase,
    ) -> Self {
        Self {
            group,
            seat,
            outbox: outbox.clone(),
            commits: outbox.watch(),
            positions,
            active: None,
        }
    }

    /// Waits for the seat; only then is the position known, because the member before may have moved it until it left.
    async fn take_seat(&self) -> Result<Active, EventLogError> {
        let seat = Arc::clone(&self.seat)
            .acquire_owned()
            .await
            .expect("seats are never closed");
        let position = positions::read(&self.positions, &self.group).await?;
        Ok(Active {
            position,
            _seat: seat,
        })
    }
}

#[async_trait]
impl GroupReader for Member {
    async fn next(&mut self, max: usize) -> Result<Vec<Record>, EventLogError> {
        if self.active.is_none() {
            self.active = Some(self.take_seat().await?);
        }
        let active = self.active.as_mut().expect("the seat was just taken");
        loop {
            self.commits.forget();
            let records = self.outbox.read(active.position, max).await?;
            if let Some(last) = records.last() {
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
}
