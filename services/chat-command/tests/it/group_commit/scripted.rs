//! A write store whose answers depend on the room.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use colloquy_chassis::{Clock as _, SystemClock, clock::ClockReadings};
use colloquy_chat_command::{
    domain::MessageContent,
    write_store::{
        Accepted, Command, NewMessage, RecentMessage, RecordError, Recorded, Refusal, Submission,
        WriteStore,
    },
};
use colloquy_contracts::{CustomerId, RoomId, Timestamp};
use colloquy_sql::{
    StoreError,
    sweeping::{KeptReadings, MemoryReadings},
};
use tokio::sync::watch;

/// Rooms in which something goes wrong.
pub const REFUSED: i64 = 100;
pub const DEFECT: i64 = 101;
pub const LOCKED: i64 = 102;
pub const AWAY: i64 = 103;
pub const UNKNOWN: i64 = 104;
pub const DISK_FAILED: i64 = 105;

pub struct Scripted {
    /// How many commits may end.
    may_end: watch::Sender<usize>,
    batches: watch::Sender<Vec<usize>>,
    /// The disk does not sync what a sweep writes.
    pub sweeps_fail: bool,
}

impl Default for Scripted {
    fn default() -> Self {
        Self {
            may_end: watch::Sender::new(usize::MAX),
            batches: watch::Sender::new(Vec::new()),
            sweeps_fail: false,
        }
    }
}

pub fn message(room: i64) -> Submission {
    Submission {
        command: Command::SendMessage(NewMessage {
            room_id: RoomId(room),
            sender_id: CustomerId(1),
            sender_full_name: "Sender".into(),
            content: MessageContent::parse("hello".into(), 10).unwrap(),
        }),
        key: None,
        at: Timestamp::from_millis(0),
        trace: None,
    }
}

impl Scripted {
    /// Commits end only after [`Scripted::release`].
    pub fn hold(&self) {
        self.hold_after(0);
    }

    /// So many commits end, and the others only after [`Scripted::release`].
    pub fn hold_after(&self, commits: usize) {
        self.may_end.send_replace(commits);
    }

    pub fn release(&self) {
        self.hold_after(usize::MAX);
    }

    /// Waits until a batch has come.
    pub async fn is_recording(&self) {
        let mut batches = self.batches.subscribe();
        let came = batches.wait_for(|batches| !batches.is_empty());
        let in_time = tokio::time::timeout(Duration::from_secs(20), came).await;
        in_time.expect("a batch comes").unwrap();
    }

    pub fn batch_sizes(&self) -> Vec<usize> {
        self.batches.borrow().clone()
    }
}

#[async_trait]
impl WriteStore for Scripted {
    async fn record(
        &self,
        batch: &[Submission],
    ) -> Result<Vec<Result<Accepted, Refusal>>, RecordError> {
        self.batches
            .send_modify(|batches| batches.push(batch.len()));
        let place = self.batches.borrow().len();
        let mut may_end = self.may_end.subscribe();
        may_end.wait_for(|commits| place <= *commits).await.unwrap();
        let rooms: Vec<_> = batch
            .iter()
            .filter_map(|submission| submission.command.room())
            .map(|room| room.0)
            .collect();
        let away = || StoreError::Unavailable(sqlx::Error::PoolTimedOut);
        for (room, error) in [
            (
                DEFECT,
                RecordError::Rejected(StoreError::Defect(sqlx::Error::RowNotFound)),
            ),
            (LOCKED, RecordError::Rejected(away())),
            (AWAY, RecordError::Away(away())),
            (UNKNOWN, RecordError::Unknown(away())),
            (DISK_FAILED, RecordError::DiskFailed(away())),
        ] {
            if rooms.contains(&room) {
                return Err(error);
            }
        }
        let answer = |room| match room {
            REFUSED => Err(Refusal::NotAMember),
            _ => Ok(Accepted {
                recorded: Recorded::Marker,
                replayed: false,
            }),
        };
        Ok(rooms.into_iter().map(answer).collect())
    }

    async fn is_member(&self, _: RoomId, _: CustomerId) -> Result<bool, StoreError> {
        Ok(true)
    }

    async fn recent_messages(
        &self,
        _: CustomerId,
        _: u32,
    ) -> Result<Vec<RecentMessage>, StoreError> {
        Ok(Vec::new())
    }

    fn readings(&self) -> Arc<dyn KeptReadings> {
        let (now, hour) = (SystemClock.now(), Duration::from_secs(3600));
        let aged = ClockReadings::default().with(now, hour).with(now, hour);
        Arc::new(MemoryReadings::from(aged))
    }

    async fn forget_keys(&self, _: Timestamp, _: u32) -> Result<u64, RecordError> {
        if self.sweeps_fail {
            let error = StoreError::Unavailable(sqlx::Error::PoolTimedOut);
            return Err(RecordError::DiskFailed(error));
        }
        Ok(0)
    }
}
