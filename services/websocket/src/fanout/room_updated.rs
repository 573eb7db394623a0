//! `room-updated` → `/user/topic/rooms` of everybody in the room. The first update of a room goes out at once, those
//! that follow within the interval as one: the newest (decision 21).

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use bytes::Bytes;
use colloquy_contracts::{CustomerId, Destination, RoomId, views::ChatRoomView};
use colloquy_event_log::Record;
use tokio::time::Instant;

use super::registry::{Address, Registry};

/// A room's view, ready to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// Everybody in the room.
    pub participants: Vec<CustomerId>,
    /// The view as it came.
    pub body: Bytes,
}

/// Rooms that were told within the last interval, and what has come for them since.
#[derive(Debug)]
pub struct Coalescing {
    interval: Duration,
    resting: HashMap<RoomId, Option<Update>>,
    /// In the order in which they end, because all rest equally long.
    ends: VecDeque<(Instant, RoomId)>,
}

impl Coalescing {
    /// Tells each room at most once in `interval`.
    #[must_use]
    pub fn new(interval: Duration) -> Self {
        Self {
            interval,
            resting: HashMap::new(),
            ends: VecDeque::new(),
        }
    }

    /// Takes an update: gives it back if it is to be told now.
    pub fn offer(&mut self, room: RoomId, update: Update, now: Instant) -> Option<Update> {
        if let Some(waiting) = self.resting.get_mut(&room) {
            *waiting = Some(update);
            return None;
        }
        self.rest(room, now);
        Some(update)
    }

    /// When [`Coalescing::due`] has something to do.
    #[must_use]
    pub fn next_due(&self) -> Option<Instant> {
        self.ends.front().map(|(end, _)| *end)
    }

    /// What is to be told now.
    pub fn due(&mut self, now: Instant) -> Vec<Update> {
        let mut due = Vec::new();
        while let Some((_, room)) = self.ends.pop_front_if(|(end, _)| *end <= now) {
            if let Some(Some(update)) = self.resting.remove(&room) {
                due.push(update);
                self.rest(room, now);
            }
        }
        due
    }

    fn rest(&mut self, room: RoomId, now: Instant) {
        self.resting.insert(room, None);
        self.ends.push_back((now + self.interval, room));
    }
}

/// Reads a record's view.
///
/// # Errors
/// The record holds no view.
pub fn read(record: Record) -> Result<(RoomId, Update), serde_json::Error> {
    let view: ChatRoomView = serde_json::from_slice(&record.payload)?;
    let update = Update {
        participants: view.participant_ids,
        body: record.payload,
    };
    Ok((view.room_id, update))
}

/// Pushes a view to all sessions of everybody in the room. Answers how many frames that were.
pub fn push(update: &Update, registry: &Registry) -> usize {
    let addresses = update
        .participants
        .iter()
        .map(|customer| Address::Own(*customer, Destination::Rooms));
    registry.publish(Destination::Rooms, addresses, &update.body)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: RoomId = RoomId(1);
    const INTERVAL: Duration = Duration::from_millis(100);

    fn update(text: &'static str) -> Update {
        Update {
            participants: vec![CustomerId(1)],
            body: Bytes::from_static(text.as_bytes()),
        }
    }

    #[test]
    fn decision_21_the_first_update_goes_at_once_and_the_newest_follows() {
        let (mut rooms, start) = (Coalescing::new(INTERVAL), Instant::now());
        assert_eq!(rooms.offer(ROOM, update("1"), start), Some(update("1")));
        assert_eq!(rooms.offer(ROOM, update("2"), start), None);
        assert_eq!(rooms.offer(ROOM, update("3"), start), None);

        assert!(rooms.due(start).is_empty());
        assert_eq!(rooms.next_due(), Some(start + INTERVAL));
        assert_eq!(rooms.due(start + INTERVAL), [update("3")]);
    }

    #[test]
    fn decision_21_a_room_that_keeps_changing_is_told_once_an_interval() {
        let (mut rooms, start) = (Coalescing::new(INTERVAL), Instant::now());
        let mut told = 0;
        for millis in 0..1_000 {
            let now = start + Duration::from_millis(millis);
            told += rooms.due(now).len();
            told += usize::from(rooms.offer(ROOM, update("x"), now).is_some());
        }
        assert_eq!(told, 10);
    }

    #[test]
    fn decision_21_a_room_at_rest_is_forgotten_and_then_told_at_once_again() {
        let (mut rooms, start) = (Coalescing::new(INTERVAL), Instant::now());
        assert!(rooms.offer(ROOM, update("1"), start).is_some());
        assert!(rooms.due(start + INTERVAL).is_empty());
        assert_eq!(rooms.next_due(), None);
        assert!(rooms.resting.is_empty());
        assert!(rooms.offer(ROOM, update("2"), start + INTERVAL).is_some());
    }

    #[test]
    fn decision_21_rooms_do_not_wait_for_each_other() {
        let (mut rooms, start) = (Coalescing::new(INTERVAL), Instant::now());
        assert!(rooms.offer(ROOM, update("1"), start).is_some());
        assert!(rooms.offer(RoomId(2), update("2"), start).is_some());
    }
}
