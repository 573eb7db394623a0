//! `room-updated` → `/user/topic/rooms` of everybody in the room. The first update of a room goes out at once, those
//! that follow within the interval as one: the newest (decision 21).
//!
//! The newest is not always the one that came last: a projector that stalls between storing and announcing publishes
//! behind its successor, and after a crash everything is announced again. So each update carries a version, and one that
//! is not above the highest that came for its room is dropped. The version follows from what has happened in the room,
//! not from how often it was stored: views that are rebuilt come to the same versions again, and what they announce on
//! the way is dropped until it is news.
//!
//! A view holds unread flags, too, and no order between the topics is assumed: of a flag and a view the newer one is told
//! last. A flag of `read-status-updated` that comes while a view waits is told with it: behind it, or in front of it if
//! the view is the newer. Otherwise one that is older than a view already told, and in any case one that is older than a
//! flag of the same reader, is dropped. Behind a view the newer flags of its participants are told again.

#[cfg(test)]
mod tests;

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
    turn::Queued,
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
    /// The newest flag that came of each reader in each room. Of one that is forgotten an older one may be told, and an
    /// older view may be told behind it.
    flags: Recent<(RoomId, CustomerId), Option<Flag>>,
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
            flags: Recent::new(bound),
            bound,
            resting: HashMap::new(),
            ends: VecDeque::new(),
        }
    }

    /// Takes an update, and says what is to be told now, in this order.
    pub fn offer(&mut self, room: RoomId, update: Update, now: Instant) -> Vec<News> {
        if !self.is_news(room, update.version) {
            metrics::counter!("colloquy_websocket_old_room_updates_dropped_total").increment(1);
            return Vec::new();
        }
        match self.resting.get_mut(&room) {
            Some(Some(waiting)) => {
                waiting.view = update;
                return Vec::new();
            }
            Some(resting) => {
                *resting = Some(Waiting::new(update));
                return Vec::new();
            }
            None => {}
        }
        // Rather told more often than the memory for all that rest.
        if self.resting.len() < self.bound {
            self.rest(room, now);
        }
        self.in_order(room, Waiting::new(update))
    }

    /// Takes a flag: gives it back if it is to be told now.
    pub fn offer_flag(&mut self, room: RoomId, flag: Flag) -> Option<Flag> {
        let waiting = self.resting.get_mut(&room).and_then(Option::as_mut);
        let known = self.flags.of((room, flag.customer));
        let is_old = known
            .as_ref()
            .is_some_and(|known| flag.is_before(known.version))
            || waiting.is_none() && flag.is_before(*self.newest.of(room));
        if is_old {
            metrics::counter!("colloquy_websocket_old_read_statuses_dropped_total").increment(1);
            return None;
        }
        *known = Some(flag.clone());
        match waiting {
            Some(waiting) => {
                waiting.flags.insert(flag.customer, flag);
                None
            }
            None => Some(flag),
        }
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
                due.extend(self.in_order(room, waiting));
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

    /// Flags that the view is newer than, the view, and the flags behind it: those that were told before, too.
    fn in_order(&self, room: RoomId, Waiting { view, mut flags }: Waiting) -> Vec<News> {
        let version = view.version;
        for customer in &view.participants {
            let told = self.flags.get(&(room, *customer)).and_then(Option::as_ref);
            if let Some(flag) = told.filter(|flag| version.is_some() && version < flag.version) {
                flags.entry(*customer).or_insert_with(|| flag.clone());
            }
        }
        let is_before = |flag: &Flag| flag.is_before(version);
        let (before, behind): (Vec<_>, Vec<_>) = flags.into_values().partition(is_before);
        let before = before.into_iter().map(News::Flag);
        let behind = behind.into_iter().map(News::Flag);
        before.chain([News::View(view)]).chain(behind).collect()
    }
}

impl Waiting {
    fn new(view: Update) -> Self {
        Self {
            view,
            flags: BTreeMap::new(),
        }
    }
}

impl News {
    /// Pushes it to whom it concerns. Answers what was queued.
    pub fn push(&self, registry: &Registry) -> Queued {
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

/// Pushes a view to all sessions of everybody in the room. Answers what was queued.
pub fn push(update: &Update, registry: &Registry) -> Queued {
    let addresses = update
        .participants
        .iter()
        .map(|customer| Address::Own(*customer, Destination::Rooms));
    registry.publish(Destination::Rooms, addresses, &update.body)
}
