//! A room on its way through a batch: what the events make of it, and what then has to be announced. Pure.

use std::collections::{BTreeMap, BTreeSet};

use colloquy_chassis::trace_context::TraceParent;
use colloquy_contracts::{CustomerId, events::WriteEvent, views::ReadMarker};
use colloquy_event_log::{NewEvent, Record};

use crate::{
    announce,
    projections::{self, Applied, Contradiction},
    room_state::RoomState,
    view_store::read_marker,
};

/// A room while the events of a batch are folded into it.
pub struct Folded {
    state: RoomState,
    changed: bool,
    /// The last event after which the room has to be announced.
    room_cause: Option<Cause>,
    /// For each customer whose unread flag has to be announced, the last event after which it has to be.
    flag_causes: BTreeMap<CustomerId, Cause>,
    /// Customers whose marker came.
    marked: BTreeSet<CustomerId>,
}

/// The event that causes an announcement, and whose trace the announcement belongs to.
struct Cause {
    event_id: String,
    traceparent: Option<TraceParent>,
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
    pub fn apply(&mut self, record: &Record, event: &WriteEvent) -> Result<(), Contradiction> {
        // A customer who marks or sends has read: of the three events these two can change one customer's own flag.
        let reader = match event {
            WriteEvent::ReadMarkerUpdated(event) => Some(event.customer_id),
            WriteEvent::MessageSent(event) => Some(event.sender_id),
            WriteEvent::RoomCreated(_) => None,
        };
        let flag = |state: &RoomState| reader.and_then(|customer| state.unread(customer));
        let before = flag(&self.state);
        let applied = projections::apply(&mut self.state, event)?;
        self.changed |= applied == Applied::Now;
        let is_marker = matches!(event, WriteEvent::ReadMarkerUpdated(_));
        if is_marker {
            self.marked.extend(reader);
        }
        if record.replayed {
            return Ok(());
        }
        let cause = || Cause {
            event_id: event.event_id(),
            traceparent: record.traceparent,
        };
        // A repeat is announced again: the crash that made it a repeat may have come before its announcement.
        if let Some(customer) = reader
            && (applied == Applied::Before || before != flag(&self.state))
        {
            self.flag_causes.insert(customer, cause());
        }
        if !is_marker {
            self.room_cause = Some(cause());
        }
        Ok(())
    }

    pub fn markers(&self) -> impl Iterator<Item = ReadMarker> {
        self.marked.iter().filter_map(|customer| {
            let last_read = *self.state.markers.get(customer)?;
            Some(read_marker(self.state.room_id, *customer, last_read))
        })
    }

    /// The room, if the events have changed it.
    pub fn into_changed(self) -> Option<RoomState> {
        self.changed.then_some(self.state)
    }

    /// Flags are announced as they are after the whole batch, so that no older one can overtake the newer view.
    pub fn announcements(&self) -> Vec<NewEvent> {
        let room = self.room_cause.iter().map(|cause| {
            let announcement = announce::room_updated(&self.state, &cause.event_id);
            (cause, announcement)
        });
        let flags = self.flag_causes.iter().map(|(&customer, cause)| {
            let announcement =
                announce::read_status_updated(&self.state, customer, &cause.event_id);
            (cause, announcement)
        });
        let announcements = room.chain(flags).filter_map(|(cause, announcement)| {
            Some(NewEvent {
                traceparent: cause.traceparent,
                ..announcement?
            })
        });
        announcements.collect()
    }
}
