//! Rooms whose events the log refused. Their later events wait for those, and no other room waits for them (decision 6): the
//! next polls leave these rooms out, for longer each time.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use colloquy_contracts::RoomId;
use colloquy_event_log::NewEvent;
use tokio::time::Instant;

/// How long a room is blocked after its first refusal.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// A log that takes events again is noticed within this time.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

#[derive(Debug, Default)]
pub(super) struct BlockedRooms(HashMap<RoomId, Blocked>);

#[derive(Debug)]
struct Blocked {
    until: Instant,
    pause: Duration,
}

impl BlockedRooms {
    /// Every room whose last try was refused.
    pub(super) fn all(&self) -> Vec<RoomId> {
        self.0.keys().copied().collect()
    }

    /// The rooms that are not to be tried yet.
    pub(super) fn rooms(&self, now: Instant) -> Vec<RoomId> {
        let blocked = self.0.iter().filter(|(_, room)| room.until > now);
        blocked.map(|(room, _)| *room).collect()
    }

    /// Notes which of these events became durable. A room of which the log took nothing is blocked for twice as long as the
    /// last time.
    pub(super) fn note(&mut self, events: &[NewEvent], durable: &[bool], now: Instant) {
        let (mut taken, mut refused) = (HashSet::new(), HashSet::new());
        for (place, event) in events.iter().enumerate() {
            let is_durable = durable.get(place).copied().unwrap_or(false);
            let of = if is_durable { &mut taken } else { &mut refused };
            of.insert(event.room_id);
        }
        self.0.retain(|room, _| !taken.contains(room));
        for room in refused {
            let pause = match self.0.get(&room) {
                Some(room) => (room.pause * 2).min(LONGEST_PAUSE),
                None => FIRST_PAUSE,
            };
            let until = now + pause;
            self.0.insert(room, Blocked { until, pause });
        }
    }
}

#[cfg(test)]
mod tests {
    use colloquy_contracts::Topic;

    use super::*;

    fn events(rooms: &[i64]) -> Vec<NewEvent> {
        let event = |room: &i64| NewEvent {
            topic: Topic::ChatMessageSent,
            room_id: RoomId(*room),
            event_id: String::new(),
            payload: "{}".into(),
            replayed: false,
            version: None,
            traceparent: None,
        };
        rooms.iter().map(event).collect()
    }

    #[test]
    fn decision_6_a_room_that_was_refused_is_blocked_and_no_other() {
        let (mut blocked, now) = (BlockedRooms::default(), Instant::now());
        blocked.note(&events(&[1, 2, 1, 3]), &[true, true, false, true], now);
        assert_eq!(blocked.rooms(now), [RoomId(1)]);
        assert_eq!(blocked.rooms(now + FIRST_PAUSE), []);
        assert_eq!(blocked.all(), [RoomId(1)]);
        blocked.note(&events(&[1, 1]), &[true, true], now + FIRST_PAUSE);
        assert_eq!(blocked.all(), []);
    }

    #[test]
    fn decision_6_a_log_that_answers_nothing_blocks_every_room() {
        let (mut blocked, now) = (BlockedRooms::default(), Instant::now());
        blocked.note(&events(&[1, 2]), &[], now);
        let mut rooms = blocked.rooms(now);
        rooms.sort_unstable();
        assert_eq!(rooms, [RoomId(1), RoomId(2)]);
    }

    #[test]
    fn decision_6_a_block_grows_to_3_s_and_begins_anew_when_something_is_taken() {
        let (mut blocked, mut now) = (BlockedRooms::default(), Instant::now());
        for millis in [50, 100, 200, 400, 800, 1_600, 3_000, 3_000] {
            blocked.note(&events(&[1]), &[false], now);
            now += Duration::from_millis(millis) - Duration::from_millis(1);
            assert_eq!(blocked.rooms(now), [RoomId(1)], "{millis}");
            now += Duration::from_millis(1);
            assert_eq!(blocked.rooms(now), [], "{millis}");
        }
        blocked.note(&events(&[1, 1]), &[true, false], now);
        assert_eq!(blocked.rooms(now), [RoomId(1)]);
        assert_eq!(blocked.rooms(now + FIRST_PAUSE), []);
    }
}
