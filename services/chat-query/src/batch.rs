//! A batch of records on its way into the views: read, folded room by room, and what is broken set aside. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use colloquy_chassis::answer::chain;
use colloquy_contracts::{CustomerId, RoomId, events::WriteEvent};
use colloquy_event_log::{NewEvent, Record};

use crate::{
    announce, intake,
    parked::ParkedEvent,
    projections::{self, Applied, Contradiction},
    room_state::RoomState,
    view_store::{Position, ViewWrite, read_marker},
};

/// What was read from the log and is not stored yet.
#[derive(Debug)]
pub struct Batch {
    arrived: Vec<Arrived>,
    parked: Vec<ParkedEvent>,
    position: Position,
}

#[derive(Debug)]
struct Arrived {
    record: Record,
    event: WriteEvent,
}

impl Batch {
    /// Reads records; what cannot be read is set aside.
    #[must_use]
    pub fn read(group: &'static str, records: &[Record]) -> Self {
        let offset = records.iter().map(|record| record.offset).max();
        let mut batch = Self {
            arrived: Vec::with_capacity(records.len()),
            parked: Vec::new(),
            position: Position {
                group,
                offset: offset.unwrap_or_default(),
            },
        };
        for record in records {
            match intake::read(record) {
                Ok(event) => batch.arrived.push(Arrived {
                    record: record.clone(),
                    event,
                }),
                Err(broken) => batch.park(record, chain(&broken)),
            }
        }
        batch
    }

    /// The position behind the batch.
    #[must_use]
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// The rooms it is about.
    #[must_use]
    pub fn rooms(&self) -> Vec<RoomId> {
        let rooms: BTreeSet<_> = self.arrived.iter().map(|one| one.event.room_id()).collect();
        rooms.into_iter().collect()
    }

    /// Folds the events into the rooms as they are stored; an event that contradicts its room is set aside.
    pub fn fold(&mut self, mut stored: HashMap<RoomId, RoomState>) -> ViewWrite {
        let mut rooms: BTreeMap<RoomId, Folded> = BTreeMap::new();
        let mut messages = Vec::new();
        for arrived in std::mem::take(&mut self.arrived) {
            let id = arrived.event.room_id();
            let room = rooms.entry(id).or_insert_with(|| {
                Folded::from(stored.remove(&id).unwrap_or_else(|| RoomState::unknown(id)))
            });
            match room.apply(&arrived.event, arrived.record.replayed) {
                Ok(()) => {
                    if let WriteEvent::MessageSent(message) = &arrived.event {
                        messages.push(message.clone());
                    }
                    self.arrived.push(arrived);
                }
                Err(contradiction) => self.park(&arrived.record, contradiction.to_string()),
            }
        }
        ViewWrite {
            messages,
            markers: rooms.values().flat_map(Folded::markers).collect(),
            announcements: rooms.values().flat_map(Folded::announcements).collect(),
            rooms: rooms
                .into_values()
                .filter_map(|room| room.changed.then_some(room.state))
                .collect(),
            parked: self.parked.clone(),
            position: self.position.clone(),
        }
    }

    /// Sets messages aside by their place in [`ViewWrite::messages`].
    pub fn park_messages(&mut self, places: &[usize], reason: &str) {
        let mut place = 0;
        for arrived in std::mem::take(&mut self.arrived) {
            let is_message = matches!(arrived.event, WriteEvent::MessageSent(_));
            if is_message && places.contains(&place) {
                self.park(&arrived.record, reason.to_owned());
            } else {
                self.arrived.push(arrived);
            }
            place += usize::from(is_message);
        }
    }

    fn park(&mut self, record: &Record, reason: String) {
        tracing::warn!(
            topic = %record.topic, partition = record.partition, offset = record.offset, reason,
            "an event is set aside"
        );
        metrics::counter!("colloquy_query_events_parked_total", "topic" => record.topic.name())
            .increment(1);
        self.parked.push(ParkedEvent::new(record, reason));
    }
}

/// A room while the events of a batch are folded into it.
struct Folded {
    state: RoomState,
    changed: bool,
    /// The last event that makes the room worth telling again.
    room_cause: Option<String>,
    /// For each customer whose marker was told, the last event that makes their flag worth telling again.
    flag_causes: BTreeMap<CustomerId, String>,
    marked: BTreeSet<CustomerId>,
}

impl From<RoomState> for Folded {
    fn from(state: RoomState) -> Self {
        Self {
            state,
            changed: false,
            room_cause: None,
            flag_causes: BTreeMap::new(),
            marked: BTreeSet::new(),
        }
    }
}

impl Folded {
    fn apply(&mut self, event: &WriteEvent, replayed: bool) -> Result<(), Contradiction> {
        let reader = match event {
            WriteEvent::ReadMarkerUpdated(event) => Some(event.customer_id),
            WriteEvent::RoomCreated(_) | WriteEvent::MessageSent(_) => None,
        };
        let flag = |state: &RoomState| reader.and_then(|customer| state.unread(customer));
        let before = flag(&self.state);
        let applied = projections::apply(&mut self.state, event)?;
        self.changed |= applied == Applied::Now;
        self.marked.extend(reader);
        // A repeat is told again: whether it was told before the crash that made it a repeat is not known.
        let worth_telling = !replayed && (applied == Applied::Before || before != flag(&self.state));
        match reader {
            Some(customer) if worth_telling => {
                self.flag_causes.insert(customer, event.event_id());
            }
            None if !replayed => self.room_cause = Some(event.event_id()),
            _ => {}
        }
        Ok(())
    }

    fn markers(&self) -> impl Iterator<Item = colloquy_contracts::views::ReadMarker> {
        self.marked.iter().filter_map(|customer| {
            let last_read = *self.state.markers.get(customer)?;
            Some(read_marker(self.state.room_id, *customer, last_read))
        })
    }

    /// Flags are told as they are after the whole batch, so that no older one can overtake the newer view.
    fn announcements(&self) -> Vec<NewEvent> {
        let room = self.state.room_id;
        let view = self.room_cause.as_ref().and_then(|cause| {
            let view = self.state.view()?;
            Some(announce::room_updated(&view, cause))
        });
        let flags = self.flag_causes.iter().filter_map(|(&customer, cause)| {
            let is_unread = self.state.unread(customer)?;
            Some(announce::read_status_updated(room, customer, is_unread, cause))
        });
        view.into_iter().chain(flags).collect()
    }
}
