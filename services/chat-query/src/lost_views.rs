//! Views that are gone come back by themselves (F14).
//!
//! The position of the group is in the log and the views are elsewhere. So of views that were wiped, or are new in a fresh
//! database, the group has long passed what they lack. Views note which partitions of the log they hold from the
//! beginning, and the note goes when they go. Whoever reads a partition that is not noted goes back to its beginning: the
//! views only grow by that, whatever they hold already, and each partition is one member's affair.

use std::collections::{HashMap, HashSet};

use colloquy_contracts::Topic;
use colloquy_event_log::{EventLogError, GroupReader, Record, Rewound};

use crate::view_store::{ViewStore, ViewStoreError};

/// What is read again.
#[derive(Debug, Default)]
pub struct LostViews {
    /// Up to where in each partition everything was announced before the views were lost.
    told: HashMap<(Topic, i32), i64>,
    /// Rooms, by the keys of their records, of which something new has come meanwhile.
    news: HashSet<String>,
}

/// Why it is not known whether the views are whole, or not mended.
#[derive(Debug, thiserror::Error)]
pub enum NotYet {
    /// The views do not answer.
    #[error(transparent)]
    Views(#[from] ViewStoreError),
    /// The log does not answer.
    #[error(transparent)]
    Log(#[from] EventLogError),
}

impl LostViews {
    /// What was announced before is not announced again, as if it were republished.
    ///
    /// Of a room of which something is new everything behind that is: topics come in any order, so it may not have been
    /// whole yet. After a crash it is not known any more what was announced; then the push side drops what it knows
    /// (decision 9).
    pub fn mark_what_was_told(&mut self, records: &mut [Record]) {
        if self.told.is_empty() {
            return;
        }
        for record in records {
            if self.was_told(record) && !self.news.contains(&record.key) {
                record.replayed = true;
            } else {
                self.news.insert(record.key.clone());
            }
        }
        if self.told.is_empty() {
            self.news.clear();
        }
    }

    fn was_told(&mut self, record: &Record) -> bool {
        let partition = (record.topic, record.partition);
        let Some(&end) = self.told.get(&partition) else {
            return false;
        };
        if record.offset + 1 >= end {
            self.told.remove(&partition);
        }
        record.offset < end
    }

    /// Goes back to the beginning of what the views have lost, and answers which partitions that is. What was read of
    /// them comes again.
    ///
    /// # Errors
    /// A part is away: call again.
    pub async fn read_again(
        &mut self,
        store: &dyn ViewStore,
        reader: &mut dyn GroupReader,
    ) -> Result<Vec<i32>, NotYet> {
        let partitions = reader.partitions()?;
        self.forget_all_but(&partitions);
        let lost = store.lost_partitions(&partitions).await?;
        if lost.is_empty() {
            return Ok(lost);
        }
        // Indexes are gone too.
        store.prepare().await?;
        let rewound = reader.rewind(&lost).await?;
        self.note_what_was_told(&rewound);
        let partitions: Vec<_> = rewound.iter().map(|one| one.partition).collect();
        store.note_partitions(&partitions).await?;
        Ok(lost)
    }

    /// What another member reads now may have come anywhere when it is ours again.
    fn forget_all_but(&mut self, partitions: &[i32]) {
        self.told
            .retain(|(_, partition), _| partitions.contains(partition));
        if self.told.is_empty() {
            self.news.clear();
        }
    }

    fn note_what_was_told(&mut self, rewound: &[Rewound]) {
        for one in rewound.iter().filter(|one| one.from > 0) {
            tracing::warn!(
                log.topic = %one.topic, log.partition = one.partition, log.offset = one.from,
                "the views lack events that were read before; reading again from the beginning"
            );
            let end = self.told.entry((one.topic, one.partition)).or_default();
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
    fn f14_what_was_told_is_not_told_again_but_behind_what_is_new_in_its_room() {
        const MESSAGES: Topic = Topic::ChatMessageSent;
        const ROOMS: Topic = Topic::ChatRoomCreated;
        let mut lost = LostViews::default();
        let rewound = [(MESSAGES, 2), (ROOMS, 2), (Topic::ReadMarkerUpdated, 0)];
        lost.note_what_was_told(&rewound.map(|(topic, from)| Rewound {
            topic,
            partition: 0,
            from,
        }));
        let steps = [
            (record(MESSAGES, 0, "1"), true),
            (record(MESSAGES, 1, "2"), true),
            (record(MESSAGES, 2, "1"), false),
            // How it began is new to whoever was told of that message.
            (record(ROOMS, 0, "1"), false),
            (record(ROOMS, 1, "2"), true),
            (record(ROOMS, 2, "3"), false),
        ];
        for (step, was_told) in steps {
            let mut records = [step];
            lost.mark_what_was_told(&mut records);
            assert_eq!(records[0].replayed, was_told, "{records:?}");
        }
        assert!(lost.told.is_empty() && lost.news.is_empty());
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

    /// What is read of it later, in a topic that was made anew, is not what was told.
    #[tokio::test]
    async fn f14_what_was_told_of_a_partition_is_forgotten_when_another_member_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("views.db");
        let file = SqliteDatabase::open(&file, Durability::Rebuildable).await;
        let outbox = SqliteOutbox::open(file.unwrap()).await.unwrap();
        let views = SqliteViewStore::open(outbox).await.unwrap();
        let mut lost = LostViews::default();
        lost.note_what_was_told(&[0, 1].map(|partition| Rewound {
            topic: Topic::ChatMessageSent,
            partition,
            from: 100,
        }));
        let told = |lost: &mut LostViews, partition| {
            let mut records = [Record {
                partition,
                ..record(Topic::ChatMessageSent, 5, "1")
            }];
            lost.mark_what_was_told(&mut records);
            records[0].replayed
        };
        assert!(told(&mut lost, 0) && told(&mut lost, 1));
        let member = &mut Member(vec![0]);
        assert_eq!(lost.read_again(&views, member).await.unwrap(), [0; 0]);
        assert!(told(&mut lost, 0) && !told(&mut lost, 1));
        assert!(!lost.news.is_empty());
        member.0 = vec![1];
        lost.read_again(&views, member).await.unwrap();
        assert!(lost.told.is_empty() && lost.news.is_empty());
    }
}
