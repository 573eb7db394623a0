//! The write side's outbox from its first row: it is kept for ever.

use async_trait::async_trait;

use super::{outbox::SqliteOutbox, stored};
use crate::event_log::{EventLogError, Record, TrailReader};

#[derive(Debug)]
pub(super) struct Trail {
    outbox: SqliteOutbox,
    position: i64,
    end: i64,
}

impl Trail {
    pub(super) async fn open(outbox: &SqliteOutbox) -> Result<Self, EventLogError> {
        Ok(Self {
            outbox: outbox.clone(),
            position: 0,
            end: outbox.last_id().await?,
        })
    }
}

#[async_trait]
impl TrailReader for Trail {
    async fn next(&mut self, max: usize) -> Result<Vec<Record>, EventLogError> {
        if self.position >= self.end {
            return Ok(Vec::new());
        }
        let records = self.outbox.read(self.position, max).await?;
        stored::report_missing(self.position, &records);
        self.position = records.last().map_or(self.end, |last| last.offset);
        Ok(records)
    }

    async fn note_end(&mut self) -> Result<(), EventLogError> {
        self.end = self.outbox.last_id().await?;
        Ok(())
    }
}
