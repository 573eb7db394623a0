//! An event log in memory that can refuse.

use std::{
    collections::HashSet,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use colloquy_contracts::{RoomId, Topic};
use colloquy_event_log::{EventLog, EventLogError, GroupReader, NewEvent, TailReader};
use tokio::sync::watch;

/// What was appended, repeats included.
pub struct MemoryLog {
    appended: watch::Sender<Vec<NewEvent>>,
    /// Takes nothing at all.
    pub down: AtomicBool,
    /// Refuses every n-th event the first time it comes; 0 refuses none.
    pub refuse_every: AtomicUsize,
    refused: Mutex<HashSet<String>>,
    /// Takes nothing of these rooms.
    pub dead: Mutex<HashSet<RoomId>>,
}

impl Default for MemoryLog {
    fn default() -> Self {
        Self {
            appended: watch::Sender::new(Vec::new()),
            down: AtomicBool::default(),
            refuse_every: AtomicUsize::default(),
            refused: Mutex::default(),
            dead: Mutex::default(),
        }
    }
}

impl MemoryLog {
    pub fn event_ids(&self) -> Vec<String> {
        let appended = self.appended.borrow();
        appended
            .iter()
            .map(|event| event.event_id.clone())
            .collect()
    }

    pub fn events(&self) -> Vec<NewEvent> {
        self.appended.borrow().clone()
    }

    /// The events of a room, each where it came first.
    pub fn first_of_room(&self, room: RoomId) -> Vec<String> {
        let mut seen = HashSet::new();
        let appended = self.appended.borrow();
        let of_room = appended.iter().filter(|event| event.room_id == room);
        of_room
            .map(|event| event.event_id.clone())
            .filter(|id| seen.insert(id.clone()))
            .collect()
    }

    /// Waits until so many different events were appended.
    pub async fn holds(&self, distinct: usize, within: Duration) {
        let mut appended = self.appended.subscribe();
        let enough = appended.wait_for(|events| {
            let ids: HashSet<_> = events.iter().map(|event| &event.event_id).collect();
            ids.len() >= distinct
        });
        let in_time = tokio::time::timeout(within, enough).await.is_ok();
        assert!(
            in_time,
            "{distinct} events within {within:?}, not {:?}",
            self.event_ids()
        );
    }

    fn refuses(&self, event: &NewEvent, place: usize) -> bool {
        if self.dead.lock().unwrap().contains(&event.room_id) {
            return true;
        }
        let every = self.refuse_every.load(Ordering::SeqCst);
        every > 0
            && place.is_multiple_of(every)
            && self.refused.lock().unwrap().insert(event.event_id.clone())
    }
}

#[async_trait]
impl EventLog for MemoryLog {
    async fn append(&self, events: &[NewEvent]) -> Result<Vec<bool>, EventLogError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(EventLogError::Unavailable("down".into()));
        }
        let mut blocked = HashSet::new();
        let mut taken = Vec::new();
        let mut answers = Vec::new();
        for (place, event) in events.iter().enumerate() {
            let durable = !blocked.contains(&event.room_id) && !self.refuses(event, place);
            if durable {
                taken.push(event.clone());
            } else {
                blocked.insert(event.room_id);
            }
            answers.push(durable);
        }
        if taken.is_empty() && !events.is_empty() {
            return Err(EventLogError::Unavailable("nothing is taken".into()));
        }
        self.appended.send_modify(|appended| appended.extend(taken));
        Ok(answers)
    }

    async fn join(&self, _: &str) -> Result<Box<dyn GroupReader>, EventLogError> {
        Err(EventLogError::Misconfigured("only for appending".into()))
    }

    async fn tail(&self, _: &[Topic]) -> Result<Box<dyn TailReader>, EventLogError> {
        Err(EventLogError::Misconfigured("only for appending".into()))
    }
}
