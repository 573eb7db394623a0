//! `room-updated` → `/user/topic/rooms` of everybody in the room. The first update of a room goes out at once, those
//! that follow within the interval as one: the newest (decision 21).
//!
//! The newest is not always the one that came last: a projector that stalls between storing and announcing publishes
//! behind its successor, and after a crash everything is announced again. So each update carries a version, and one that
//! is not above the highest that came for its room is dropped. The version follows from what has happened in the room,
//! not from how often it was stored: views that are rebuilt come to the same versions again, and what they announce on
//! the way is dropped until it is news.
//!
//! A view holds unread flags, too, so a flag of `read-status-updated` never overtakes a view that waits: it is told behind
//! it, and in front of it if the view is the newer. One that is older than a view already told is dropped.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    time::Duration,
};

use bytes::Bytes;
use colloquy_contracts::{CustomerId, Destination, RoomId, views::ChatRoomView};
use colloquy_event_log::Record;
use tokio::time::Instant;

use super::{
    read_status_updated::{self, Flag},
    recent::{BOUND, Recent},
    registry::{Address, Registry},
};

/// A room's view, ready to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// How far the room had come. Without it an update cannot be compared, and is told.
    pub version: Option<i64>,
    /// Everybody in the room.
    pub participants: Vec<CustomerId>,
    /// The view as it came.
    pub body: Bytes,
}

/// What is told of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Its view, to everybody in it.
    View(Update),
    /// Somebody's unread flag, to them.
    Flag(Flag),
}

/// Rooms that were told within the last interval, and what has come for them since.
#[derive(Debug)]
pub struct Coalescing {
    interval: Duration,
    /// The highest version that came. Of a room that is forgotten an old state may be told; nothing is lost.
    newest: Recent<RoomId, Option<i64>>,
    /// As many rooms as that may rest.
    bound: usize,
    resting: HashMap<RoomId, Option<Waiting>>,
    /// In the order in which they end, because all rest equally long.
    ends: VecDeque<(Instant, RoomId)>,
}

/// A view that waits, and the newest flag of each reader that came meanwhile.
#[derive(Debug)]
struct Waiting {
    view: Update,
    flags: BTreeMap<CustomerId, Flag>,
}

impl Coalescing {
    /// Tells each room at most once in `interval`.
    #[must_use]
    pub fn new(interval: Duration) -> Self {
        Self::bounded(interval, BOUND)
    }

    fn bounded(interval: Duration, bound: usize) -> Self {
        Self {
            interval,
            newest: Recent::new(bound),
            bound,
            resting: HashMap::new(),
            ends: VecDeque::new(),
        }
    }

    /// Takes an update: gives it back if it is to be told now.
    pub fn offer(&mut self, room: RoomId, update: Update, now: Instant) -> Option<Update> {
        if !self.is_news(room, update.version) {
            metrics::counter!("websocket_old_room_updates_dropped").increment(1);
            return None;
        }
        match self.resting.get_mut(&room) {
            Some(Some(waiting)) => {
                waiting.view = update;
                return None;
            }
            Some(resting) => {
                *resting = Some(Waiting {
                    view: update,
                    flags: BTreeMap::new(),
                });
                return None;
            }
            None => {}
        }
        // Rather told more often than the memory for all that rest.
        if self.resting.len() < self.bound {
            self.rest(room, now);
        }
        Some(update)
    }

    /// Takes a flag: gives it back if it is to be told now.
    pub fn offer_flag(&mut self, room: RoomId, flag: Flag) -> Option<Flag> {
        if let Some(Some(waiting)) = self.resting.get_mut(&room) {
            let known = waiting.flags.get(&flag.customer);
            if known.is_none_or(|known| known.version <= flag.version) {
                waiting.flags.insert(flag.customer, flag);
            }
            return None;
        }
        let is_old = flag.version.is_some() && flag.version < *self.newest.of(room);
        if is_old {
            metrics::counter!("websocket_old_read_statuses_dropped").increment(1);
        }
        (!is_old).then_some(flag)
    }

    /// When [`Coalescing::due`] has something to do.
    #[must_use]
    pub fn next_due(&self) -> Option<Instant> {
        self.ends.front().map(|(end, _)| *end)
    }

    /// What is to be told now, in this order.
    pub fn due(&mut self, now: Instant) -> Vec<News> {
        let mut due = Vec::new();
        while let Some((_, room)) = self.ends.pop_front_if(|(end, _)| *end <= now) {
            if let Some(Some(waiting)) = self.resting.remove(&room) {
                due.extend(waiting.in_order());
                self.rest(room, now);
            }
        }
        due
    }

    /// Notes a version, and says whether it is above all that came for the room.
    fn is_news(&mut self, room: RoomId, version: Option<i64>) -> bool {
        let Some(version) = version else {
            return true;
        };
        let newest = self.newest.of(room);
        // What waits counts even if the room is forgotten: it is not told yet, so nothing older may take its place.
        let waiting = self.resting.get(&room).and_then(Option::as_ref);
        *newest = (*newest).max(waiting.and_then(|waiting| waiting.view.version));
        let is_news = *newest < Some(version);
        *newest = (*newest).max(Some(version));
        is_news
    }

    fn rest(&mut self, room: RoomId, now: Instant) {
        self.resting.insert(room, None);
        self.ends.push_back((now + self.interval, room));
    }
}

impl Waiting {
    /// Flags that the view is newer than, the view, and the flags behind it.
    fn in_order(self) -> impl Iterator<Item = News> {
        let version = self.view.version;
        let is_older = move |flag: &Flag| flag.version.is_some() && flag.version < version;
        let (before, behind): (Vec<_>, Vec<_>) = self.flags.into_values().partition(is_older);
        let before = before.into_iter().map(News::Flag);
        let behind = behind.into_iter().map(News::Flag);
        before.chain([News::View(self.view)]).chain(behind)
    }
}

impl News {
    /// Pushes it to whom it concerns. Answers how many frames that were.
    pub fn push(&self, registry: &Registry) -> usize {
        match self {
            Self::View(view) => push(view, registry),
            Self::Flag(flag) => read_status_updated::push(flag, registry),
        }
    }
}

/// Reads a record's view.
///
/// # Errors
/// The record holds no view.
pub fn read(record: Record) -> Result<(RoomId, Update), serde_json::Error> {
    let view: ChatRoomView = serde_json::from_slice(&record.payload)?;
    let update = Update {
        version: record.version,
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
    use proptest::prelude::*;

    use super::*;

    const ROOM: RoomId = RoomId(1);
    const INTERVAL: Duration = Duration::from_millis(100);

    fn update(version: i64) -> Update {
        Update {
            version: Some(version),
            participants: vec![CustomerId(1)],
            body: Bytes::from(version.to_string()),
        }
    }

    #[test]
    fn decision_21_the_first_update_goes_at_once_and_the_newest_follows() {
        let (mut rooms, start) = (Coalescing::new(INTERVAL), Instant::now());
        assert_eq!(rooms.offer(ROOM, update(1), start), Some(update(1)));
        assert_eq!(rooms.offer(ROOM, update(2), start), None);
        assert_eq!(rooms.offer(ROOM, update(3), start), None);

        assert!(rooms.due(start).is_empty());
        assert_eq!(rooms.next_due(), Some(start + INTERVAL));
        assert_eq!(rooms.due(start + INTERVAL), [News::View(update(3))]);
    }

    #[test]
    fn decision_21_a_room_that_keeps_changing_is_told_once_an_interval() {
        let (mut rooms, start) = (Coalescing::new(INTERVAL), Instant::now());
        let mut told = 0;
        for millis in 0..1_000 {
            let now = start + Duration::from_millis(millis);
            told += rooms.due(now).len();
            let version = i64::try_from(millis).unwrap();
            told += usize::from(rooms.offer(ROOM, update(version), now).is_some());
        }
        assert_eq!(told, 10);
    }

    #[test]
    fn decision_21_a_room_at_rest_is_forgotten_and_then_told_at_once_again() {
        let (mut rooms, start) = (Coalescing::new(INTERVAL), Instant::now());
        assert!(rooms.offer(ROOM, update(1), start).is_some());
        assert!(rooms.due(start + INTERVAL).is_empty());
        assert_eq!(rooms.next_due(), None);
        assert!(rooms.resting.is_empty());
        assert!(rooms.offer(ROOM, update(2), start + INTERVAL).is_some());
    }

    #[test]
    fn decision_21_rooms_do_not_wait_for_each_other() {
        let (mut rooms, start) = (Coalescing::new(INTERVAL), Instant::now());
        assert!(rooms.offer(ROOM, update(1), start).is_some());
        assert!(rooms.offer(RoomId(2), update(1), start).is_some());
    }

    #[test]
    fn decision_21_an_update_without_a_version_is_told() {
        let (mut rooms, start) = (Coalescing::new(INTERVAL), Instant::now());
        assert!(rooms.offer(ROOM, update(1), start).is_some());
        let unversioned = Update {
            version: None,
            ..update(0)
        };
        assert_eq!(rooms.offer(ROOM, unversioned.clone(), start), None);
        assert_eq!(rooms.due(start + INTERVAL), [News::View(unversioned)]);
    }

    #[test]
    fn decision_21_no_more_rooms_rest_than_the_bound_and_the_others_are_told_at_once() {
        let (mut rooms, start) = (Coalescing::bounded(INTERVAL, 10), Instant::now());
        for version in 1..=3 {
            for room in 1..=100 {
                let told = rooms.offer(RoomId(room), update(version), start);
                assert_eq!(told.is_some(), version == 1 || room > 10, "room {room}");
            }
        }
        assert_eq!(rooms.resting.len(), 10);
        assert_eq!(rooms.ends.len(), 10);
        assert_eq!(rooms.due(start + INTERVAL), vec![News::View(update(3)); 10]);
    }

    fn flag(customer: i64, version: i64) -> Flag {
        Flag {
            version: Some(version),
            customer: CustomerId(customer),
            body: Bytes::from(version.to_string()),
        }
    }

    #[test]
    fn decision_13_a_flag_never_overtakes_a_view_that_waits() {
        let (mut rooms, start) = (Coalescing::new(INTERVAL), Instant::now());
        assert!(rooms.offer(ROOM, update(1), start).is_some());
        assert_eq!(rooms.offer_flag(ROOM, flag(1, 2)), Some(flag(1, 2)));
        assert_eq!(rooms.offer(ROOM, update(3), start), None);
        assert_eq!(rooms.offer_flag(ROOM, flag(1, 4)), None);
        assert_eq!(rooms.offer(ROOM, update(5), start), None);
        for (customer, version) in [(2, 7), (2, 6), (3, 5)] {
            assert_eq!(rooms.offer_flag(ROOM, flag(customer, version)), None);
        }
        assert_eq!(
            rooms.due(start + INTERVAL),
            [
                News::Flag(flag(1, 4)),
                News::View(update(5)),
                News::Flag(flag(2, 7)),
                News::Flag(flag(3, 5)),
            ]
        );
        assert_eq!(rooms.offer_flag(ROOM, flag(1, 8)), Some(flag(1, 8)));
    }

    #[test]
    fn decision_13_a_flag_that_is_older_than_the_view_that_was_told_is_dropped() {
        let (mut rooms, start) = (Coalescing::new(INTERVAL), Instant::now());
        assert!(rooms.offer(ROOM, update(5), start).is_some());
        assert_eq!(rooms.offer_flag(ROOM, flag(1, 4)), None);
        for version in [Some(5), Some(6), None] {
            let flag = Flag {
                version,
                ..flag(1, 0)
            };
            assert_eq!(rooms.offer_flag(ROOM, flag.clone()), Some(flag));
        }
    }

    /// The versions told of each room, when these come, each so many milliseconds after the one before.
    fn told(mut rooms: Coalescing, coming: &[(i64, i64, u64)]) -> HashMap<RoomId, Vec<i64>> {
        let mut told: HashMap<_, Vec<i64>> = HashMap::new();
        let mut now = Instant::now();
        let mut tell = |news: Vec<News>| {
            for one in news {
                let News::View(update) = one else { continue };
                // Rooms take versions from ranges of their own, so that a version says which room it is of.
                let version = update.version.unwrap();
                told.entry(RoomId(version / 1_000))
                    .or_default()
                    .push(version % 1_000);
            }
        };
        for &(room, version, after) in coming {
            now += Duration::from_millis(after);
            tell(rooms.due(now));
            let offered = rooms.offer(RoomId(room), update(room * 1_000 + version), now);
            tell(offered.into_iter().map(News::View).collect());
        }
        tell(rooms.due(now + INTERVAL));
        told
    }

    proptest! {
        #[test]
        fn decision_21_whatever_comes_and_however_often_states_only_advance_and_end_with_the_newest(
            coming in prop::collection::vec((1..=3_i64, 1..=20_i64, 0..60_u64), 1..200)
        ) {
            let told = told(Coalescing::new(INTERVAL), &coming);
            for room in 1..=3 {
                let came = coming.iter().filter(|(of, ..)| *of == room);
                let newest = came.map(|(_, version, _)| *version).max();
                let told = told.get(&RoomId(room)).cloned().unwrap_or_default();
                prop_assert_eq!(told.last().copied(), newest);
                prop_assert!(told.is_sorted_by(|one, next| one < next), "{:?}", told);
            }
        }

        #[test]
        fn decision_21_a_forgotten_room_costs_a_repeat_and_its_newest_state_is_still_told(
            coming in prop::collection::vec((1..=10_i64, 1..1_000_i64, 0..10_u64), 1..200)
        ) {
            let told = told(Coalescing::bounded(INTERVAL, 4), &coming);
            for room in 1..=10 {
                let came = coming.iter().filter(|(of, ..)| *of == room);
                let newest = came.map(|(_, version, _)| *version).max();
                let told = told.get(&RoomId(room)).and_then(|told| told.iter().max());
                prop_assert_eq!(told.copied(), newest);
            }
        }
    }
}
