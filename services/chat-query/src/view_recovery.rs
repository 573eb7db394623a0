//! Views that were lost come back by themselves (F14).
//!
//! The position of the group is in the log and the views are elsewhere. So of views that were wiped, or are new in a fresh
//! database, the group has long passed what they lack. The views note which partitions of the log they hold from the
//! beginning, and the note is lost with them. A member that reads a partition without a note goes back to its beginning:
//! the views only grow by that, whatever they hold already, and each member does so for its own partitions.

use std::collections::{HashMap, HashSet};

use colloquy_contracts::Topic;
use colloquy_event_log::{EventLogError, GroupReader, Record, Rewound};

use crate::view_store::{ViewStore, ViewStoreError};

/// What is read again because the views have lost it.
#[derive(Debug, Default)]
pub struct ViewRecovery {
    /// For each partition that is read again, the offset below which everything was announced before the views were lost.
    announced_below: HashMap<(Topic, i32), i64>,
    /// The keys of rooms with events that were not announced before.
    rooms_with_new_events: HashSet<String>,
}

/// Why it is not known whether the views are complete, or why they are not mended yet.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// The view store did not answer.
    #[error(transparent)]
    Views(#[from] ViewStoreError),
    /// The log did not answer.
    #[error(transparent)]
    Log(#[from] EventLogError),
}

impl ViewRecovery {
    /// Marks records that were announced before the views were lost as replayed: they are not announced again.
    ///
    /// Of a room with a new event, everything behind that event is announced: topics come in any order, so the room may not
    /// have been complete before. A crash loses the knowledge of what was announced; then the push side drops repeats
    /// (decision 9).
    pub fn mark_announced(&mut self, records: &mut [Record]) {
        if self.announced_below.is_empty() {
            return;
        }
        for record in records {
            if self.was_announced(record) && !self.rooms_with_new_events.contains(&record.key) {
                record.replayed = true;
            } else {
                self.rooms_with_new_events.insert(record.key.clone());
            }
        }
        self.forget_rooms_at_the_end();
    }

    fn was_announced(&mut self, record: &Record) -> bool {
        let partition = (record.topic, record.partition);
        let Some(&end) = self.announced_below.get(&partition) else {
            return false;
        };
        if record.offset + 1 >= end {
            self.announced_below.remove(&partition);
        }
        record.offset < end
    }

    fn forget_rooms_at_the_end(&mut self) {
        if self.announced_below.is_empty() {
            self.rooms_with_new_events.clear();
        }
    }

    /// Goes back to the beginning of the partitions that the views have lost, and answers which those are. Records that
    /// were read of them come again.
    ///
    /// # Errors
    /// The view store or the log is away: call again.
    pub async fn rewind_lost_partitions(
        &mut self,
        store: &dyn ViewStore,
        reader: &mut dyn GroupReader,
    ) -> Result<Vec<i32>, RecoveryError> {
        let partitions = reader.partitions()?;
        // Another member reads the rest now: where it stands when a partition comes back is not known.
        self.announced_below
            .retain(|(_, partition), _| partitions.contains(partition));
        self.forget_rooms_at_the_end();
        let lost = store.lost_partitions(&partitions).await?;
        if lost.is_empty() {
            return Ok(lost);
        }
        // The indexes are lost too.
        store.prepare().await?;
        let rewound = reader.rewind(&lost).await?;
        self.note_announced(&rewound);
        let partitions: Vec<_> = rewound.iter().map(|one| one.partition).collect();
        store.note_partitions(&partitions).await?;
        Ok(lost)
    }

    fn note_announced(&mut self, rewound: &[Rewound]) {
        for one in rewound.iter().filter(|one| one.from > 0) {
            tracing::warn!(
                log.topic = %one.topic, log.partition = one.partition, log.offset = one.from,
                "the views lack events that were read before; reading again from the beginning"
            );
            let partition = (one.topic, one.partition);
            let end = self.announced_below.entry(partition).or_default();
            *end = one.from.max(*end);
        }
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use colloquy_event_log::SqliteOutbox;
    use colloquy_sql::sqlite::{Durability, SqliteDatabase};

    use super::*;
    use crate::SqliteViewStore;

    fn record(topic: Topic, offset: i64, room: &str) -> Record {
        Record {
            topic,
            partition: 0,
            offset,
            key: room.into(),
            event_id: String::new(),
            payload: "".into(),
            replayed: false,
            version: None,
            traceparent: None,
        }
    }

    #[test]
    fn f14_announced_events_are_not_announced_again_except_behind_a_new_one_of_their_room() {
        const MESSAGES: Topic = Topic::ChatMessageSent;
        const ROOMS: Topic = Topic::ChatRoomCreated;
        let mut recovery = ViewRecovery::default();
        let rewound = [(MESSAGES, 2), (ROOMS, 2), (Topic::ReadMarkerUpdated, 0)];
        recovery.note_announced(&rewound.map(|(topic, from)| Rewound {
            topic,
            partition: 0,
            from,
        }));
        let steps = [
            (record(MESSAGES, 0, "1"), true),
            (record(MESSAGES, 1, "2"), true),
            (record(MESSAGES, 2, "1"), false),
            // The room was not announced with its beginning yet.
            (record(ROOMS, 0, "1"), false),
            (record(ROOMS, 1, "2"), true),
            (record(ROOMS, 2, "3"), false),
        ];
        for (step, was_announced) in steps {
            let mut records = [step];
            recovery.mark_announced(&mut records);
            assert_eq!(records[0].replayed, was_announced, "{records:?}");
        }
        assert!(recovery.announced_below.is_empty() && recovery.rooms_with_new_events.is_empty());
    }

    /// A member that has these partitions.
    struct Member(Vec<i32>);

    #[async_trait]
    impl GroupReader for Member {
        async fn next(&mut self, _max: usize) -> Result<Vec<Record>, EventLogError> {
            Ok(Vec::new())
        }

        async fn commit(&mut self, _records: &[Record]) -> Result<(), EventLogError> {
            Ok(())
        }

        fn partitions(&self) -> Result<Vec<i32>, EventLogError> {
            Ok(self.0.clone())
        }

        async fn rewind(&mut self, _partitions: &[i32]) -> Result<Vec<Rewound>, EventLogError> {
            Ok(Vec::new())
        }
    }

    /// A topic that was deleted and created again begins with other events at the same offsets.
    #[tokio::test]
    async fn f14_what_was_announced_of_a_partition_is_forgotten_when_another_member_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("views.db");
        let file = SqliteDatabase::open(&file, Durability::Rebuildable).await;
        let outbox = SqliteOutbox::open(file.unwrap()).await.unwrap();
        let views = SqliteViewStore::open(outbox).await.unwrap();
        let mut recovery = ViewRecovery::default();
        recovery.note_announced(&[0, 1].map(|partition| Rewound {
            topic: Topic::ChatMessageSent,
            partition,
            from: 100,
        }));
        let is_marked = |recovery: &mut ViewRecovery, partition| {
            let mut records = [Record {
                partition,
                ..record(Topic::ChatMessageSent, 5, "1")
            }];
            recovery.mark_announced(&mut records);
            records[0].replayed
        };
        assert!(is_marked(&mut recovery, 0) && is_marked(&mut recovery, 1));
        let member = &mut Member(vec![0]);
        assert_eq!(
            recovery
                .rewind_lost_partitions(&views, member)
                .await
                .unwrap(),
            [0; 0]
        );
        assert!(is_marked(&mut recovery, 0) && !is_marked(&mut recovery, 1));
        assert!(!recovery.rooms_with_new_events.is_empty());
        member.0 = vec![1];
        recovery
            .rewind_lost_partitions(&views, member)
            .await
            .unwrap();
        assert!(recovery.announced_below.is_empty() && recovery.rooms_with_new_events.is_empty());
    }
}
