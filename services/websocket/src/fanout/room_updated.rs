//! `room-updated` → `/user/topic/rooms` of every participant of the room. The first update of a room is pushed at once;
//! of those that follow within the interval the newest is pushed at its end (decision 21).
//!
//! The newest is not always the one that came last: a projector that stalls between storing and announcing publishes
//! behind its successor, and after a crash everything is announced again. So each update carries a version, and one that
//! is not above the highest that came for its room is dropped. The version follows from the events of the room, not from
//! how often it was stored: views that are rebuilt come to the same versions again, and what they announce on the way is
//! dropped until it is new.
//!
//! A view holds unread flags, too, and no order between the topics is assumed: of a flag and a view the newer one is
//! pushed last.
//!
//! | The room is | a newer view comes | a flag comes | the interval ends |
//! |---|---|---|---|
//! | idle | pushed, and behind it the newer flags of its participants; then cooling down | pushed, unless it is older than the last view or flag | |
//! | cooling down | pending | as above | idle |
//! | cooling down with a pending view | takes the place of the pending view | pending, unless it is older than the last flag | the view is pushed between the flags that it is newer than and those that are newer; then cooling down |

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
    announced::{self, Broken},
    read_status_updated::{self, Flag},
    recent::Recent,
    registry::{Channel, Registry},
    yield_budget::Queued,
};

/// A room's view, ready to be pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// How many events of the room it is made of. Without it an update cannot be compared, and is pushed.
    pub version: Option<i64>,
    /// The members of the room.
    pub participants: Vec<CustomerId>,
    /// The record's value as it came.
    pub body: Bytes,
}

/// A push about a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomPush {
    /// Its view, to every participant.
    View(Update),
    /// An unread flag, to its reader.
    Flag(Flag),
}

/// The rooms that were pushed within the last interval, and what has come for them since.
#[derive(Debug)]
pub struct RoomCoalescer {
    interval: Duration,
    /// The highest version that came. Of a room that is forgotten an old state may be pushed; nothing is lost.
    newest: Recent<RoomId, Option<i64>>,
    /// The newest flag that came of each reader in each room. Of a reader that is forgotten an older flag may be pushed, and
    /// an older view behind it.
    flags: Recent<(RoomId, CustomerId), Option<Flag>>,
    /// How many rooms may cool down at once.
    bound: usize,
    cooling: HashMap<RoomId, Option<Pending>>,
    /// In the order of their ends, because every room cools down equally long.
    cooldowns: VecDeque<(Instant, RoomId)>,
}

/// A pending view, and the newest flag of each reader that came meanwhile.
#[derive(Debug)]
struct Pending {
    view: Update,
    flags: BTreeMap<CustomerId, Flag>,
}

impl RoomCoalescer {
    /// Pushes the view of each room at most once in `interval`, of so many rooms.
    #[must_use]
    pub fn new(interval: Duration, bound: usize) -> Self {
        Self {
            interval,
            newest: Recent::new(bound),
            flags: Recent::new(bound),
            bound,
            cooling: HashMap::new(),
            cooldowns: VecDeque::new(),
        }
    }

    /// Takes an update, and answers what is to be pushed now, in this order.
    pub fn offer(&mut self, room: RoomId, update: Update, now: Instant) -> Vec<RoomPush> {
        if !self.is_newest(room, update.version) {
            count_old();
            return Vec::new();
        }
        match self.cooling.get_mut(&room) {
            Some(Some(pending)) => pending.view = update,
            Some(pending) => *pending = Some(Pending::new(update)),
            None => {
                // Beyond the bound rooms are pushed more often: memory is not unbounded.
                if self.cooling.len() < self.bound {
                    self.cool_down(room, now);
                }
                return self.in_order(room, Pending::new(update));
            }
        }
        Vec::new()
    }

    /// Whether the room is not cooling down.
    #[must_use]
    pub fn is_idle(&self, room: RoomId) -> bool {
        !self.cooling.contains_key(&room)
    }

    /// Notes the version of an update that is pushed to no client.
    pub fn pass_over(&mut self, room: RoomId, version: i64) {
        if !self.is_newest(room, Some(version)) {
            count_old();
        }
    }

    /// Takes a flag, and gives it back if it is to be pushed now.
    pub fn offer_flag(&mut self, room: RoomId, flag: Flag) -> Option<Flag> {
        let pending = self.cooling.get_mut(&room).and_then(Option::as_mut);
        let known = self.flags.get_or_insert((room, flag.customer));
        let is_old = known
            .as_ref()
            .is_some_and(|known| flag.is_before(known.version))
            || pending.is_none() && flag.is_before(*self.newest.get_or_insert(room));
        if is_old {
            metrics::counter!("colloquy_websocket_old_read_statuses_dropped_total").increment(1);
            return None;
        }
        *known = Some(flag.clone());
        match pending {
            Some(pending) => {
                pending.flags.insert(flag.customer, flag);
                None
            }
            None => Some(flag),
        }
    }

    /// When [`RoomCoalescer::due`] has something to do.
    #[must_use]
    pub fn next_due(&self) -> Option<Instant> {
        self.cooldowns.front().map(|(end, _)| *end)
    }

    /// What is to be pushed now, in this order.
    pub fn due(&mut self, now: Instant) -> Vec<RoomPush> {
        let mut due = Vec::new();
        while let Some((_, room)) = self.cooldowns.pop_front_if(|(end, _)| *end <= now) {
            if let Some(Some(pending)) = self.cooling.remove(&room) {
                due.extend(self.in_order(room, pending));
                self.cool_down(room, now);
            }
        }
        due
    }

    /// Notes a version, and answers whether it is above all that came for the room.
    fn is_newest(&mut self, room: RoomId, version: Option<i64>) -> bool {
        let Some(version) = version else {
            return true;
        };
        let newest = self.newest.get_or_insert(room);
        // A pending view counts even if the room is forgotten: it is not pushed yet, so nothing older may take its place.
        let pending = self.cooling.get(&room).and_then(Option::as_ref);
        *newest = (*newest).max(pending.and_then(|pending| pending.view.version));
        let is_newest = *newest < Some(version);
        *newest = (*newest).max(Some(version));
        is_newest
    }

    fn cool_down(&mut self, room: RoomId, now: Instant) {
        self.cooling.insert(room, None);
        self.cooldowns.push_back((now + self.interval, room));
    }

    /// The flags that the view is newer than, the view, and the newer flags: those that were pushed before, too.
    fn in_order(&self, room: RoomId, Pending { view, mut flags }: Pending) -> Vec<RoomPush> {
        let version = view.version;
        for customer in &view.participants {
            let pushed = self.flags.get(&(room, *customer)).and_then(Option::as_ref);
            if let Some(flag) = pushed.filter(|flag| version.is_some() && version < flag.version) {
                flags.entry(*customer).or_insert_with(|| flag.clone());
            }
        }
        let is_before = |flag: &Flag| flag.is_before(version);
        let (before, behind): (Vec<_>, Vec<_>) = flags.into_values().partition(is_before);
        let before = before.into_iter().map(RoomPush::Flag);
        let behind = behind.into_iter().map(RoomPush::Flag);
        before.chain([RoomPush::View(view)]).chain(behind).collect()
    }
}

fn count_old() {
    metrics::counter!("colloquy_websocket_old_room_updates_dropped_total").increment(1);
}

impl Pending {
    fn new(view: Update) -> Self {
        Self {
            view,
            flags: BTreeMap::new(),
        }
    }
}

impl RoomPush {
    /// Pushes it to all sessions of the customers it is for. Answers what was queued.
    pub fn publish(&self, registry: &Registry) -> Queued {
        match self {
            Self::View(view) => {
                let own = |customer: &CustomerId| Channel::Own(*customer, Destination::Rooms);
                let channels = view.participants.iter().map(own);
                registry.publish(Destination::Rooms, channels, &view.body)
            }
            Self::Flag(flag) => read_status_updated::push(flag, registry),
        }
    }
}

/// Reads a record's view.
///
/// # Errors
/// The record holds no view.
pub fn read(record: Record) -> Result<(RoomId, Update), Broken> {
    let view = announced::read(&record, |view: &ChatRoomView| view.room_id)?;
    let update = Update {
        version: record.version,
        participants: view.participant_ids,
        body: record.payload,
    };
    Ok((view.room_id, update))
}
