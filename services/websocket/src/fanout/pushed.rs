//! What a node pushes of the log, and what it passes over: the state of the fan-out.
//!
//! A node reads every record, and most are about rooms that no client of it follows. Such a record is recognised by its key,
//! which is the room, before its value is decoded:
//!
//! | topic | passed over, if | what is noted all the same |
//! |---|---|---|
//! | `chat-message-sent` | no session here subscribes to the room's messages | the room's seqs are forgotten: a hole in what was passed over is none |
//! | `read-marker-updated` | no session here subscribes to the room's markers | nothing |
//! | `room-updated` | the room's members are known, none of them has a subscription of their own here, and the room is not cooling down | the version, which is in a header: an older view that comes later is dropped |
//! | `read-status-updated` | never: the reader is in the value, which is short | |
//!
//! `room-updated` goes to members who are connected and do not subscribe to the room, so for it the room's own
//! subscribers do not count. A view of a room whose members are not known here, as of a new one, is always decoded, and so
//! is one without a version.
//!
//! What is passed over is not owed: a client subscribes first and fetches then, and a record that came before its
//! subscription is in what it fetches. After a repeat of the log (decision 9) a client may get a message, or an older marker, that was passed
//! over when it came first: messages it drops by seq, of markers it keeps the furthest. Nothing else differs from a node that decodes every
//! record, except when a view is pushed: one that was passed over starts no interval (decision 21).

#[cfg(test)]
mod tests;

use std::{error::Error, mem::take, sync::Arc, time::Duration};

use colloquy_chassis::{
    Clock,
    spans::{self, SpanKind},
};
use colloquy_contracts::{Destination, RoomId, Topic, events::WriteEvent};
use colloquy_event_log::{Record, write_event};
use tokio::time::Instant;

use super::{
    members::Members,
    message_sent,
    read_marker_updated::{self, Markers},
    read_status_updated,
    registry::{Channel, Registry},
    room_updated::{self, RoomCoalescer, RoomPush},
    seqs::Seqs,
    yield_budget::YieldBudget,
};
use crate::meters;

/// The reason why a record is not pushed.
type Unreadable = Box<dyn Error + Send + Sync>;

/// What was pushed, so that nothing is pushed twice and no state goes back.
pub struct Pushed {
    clock: Arc<dyn Clock>,
    seqs: Seqs,
    markers: Markers,
    rooms: RoomCoalescer,
    members: Members,
    budget: YieldBudget,
    passed_over: u64,
}

impl Pushed {
    /// Nothing yet. The view of each room will be pushed at most once in an interval; of everything so many keys are
    /// remembered.
    #[must_use]
    pub fn new(room_interval: Duration, capacity: usize, clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            seqs: Seqs::new(capacity),
            markers: Markers::new(capacity),
            rooms: RoomCoalescer::new(room_interval, capacity),
            members: Members::new(capacity),
            budget: YieldBudget::default(),
            passed_over: 0,
        }
    }

    /// Pushes a record to its subscribers, or passes it over.
    pub async fn push(&mut self, record: Record, registry: &Registry) {
        if record.replayed {
            return;
        }
        if self.passes_over(&record, registry) {
            self.passed_over += 1;
            return;
        }
        self.decode_and_push(record, registry).await;
    }

    /// Pushes a record without asking whether it has subscribers. A record that cannot be read is parked by the read side;
    /// here it is counted and logged (decision 8).
    pub async fn decode_and_push(&mut self, record: Record, registry: &Registry) {
        let (topic, partition, offset) = (record.topic, record.partition, record.offset);
        let mut span = spans::child_span(record.traceparent, SpanKind::Consumer, "push");
        span.set_attribute("messaging.destination.name", topic.name());
        if let Err(error) = self.push_decoded(record, registry).await {
            span.set_error();
            metrics::counter!("colloquy_websocket_unreadable_records_total").increment(1);
            tracing::error!(log.topic = %topic, log.partition = partition, log.offset = offset, %error, "a record cannot be read and is not pushed");
        }
    }

    /// When [`Pushed::publish_due`] has something to do.
    #[must_use]
    pub fn next_due(&self) -> Option<Instant> {
        self.rooms.next_due()
    }

    /// Publishes the views whose interval has ended.
    pub async fn publish_due(&mut self, registry: &Registry) {
        let due = self.rooms.due(Instant::now());
        self.publish(due, registry).await;
    }

    /// Counts what was passed over since the last time.
    pub fn count_passed_over(&mut self) {
        meters::count_passed_over(take(&mut self.passed_over));
    }

    /// Whether no client of this node is to get the record.
    fn passes_over(&mut self, record: &Record, registry: &Registry) -> bool {
        let Ok(room) = record.key.parse::<RoomId>() else {
            return false;
        };
        let has = |destination| registry.has_subscribers(Channel::Room(destination));
        match record.topic {
            Topic::ChatMessageSent => {
                let passes = !has(Destination::Message(room));
                if passes {
                    self.seqs.forget(room);
                }
                passes
            }
            Topic::ReadMarkerUpdated => !has(Destination::ReadMarkers(room)),
            Topic::RoomUpdated => {
                let Some(version) = record.version else {
                    return false;
                };
                let passes =
                    self.rooms.is_idle(room) && self.members.are_away(room, registry.customers());
                if passes {
                    self.rooms.pass_over(room, version);
                }
                passes
            }
            Topic::ReadStatusUpdated | Topic::ChatRoomCreated => false,
        }
    }

    async fn push_decoded(
        &mut self,
        record: Record,
        registry: &Registry,
    ) -> Result<(), Unreadable> {
        let queued = match record.topic {
            Topic::RoomUpdated => {
                let (room, update) = room_updated::read(record)?;
                self.members.note(room, &update.participants);
                let arrivals = registry.customers().arrivals();
                let pushes = self.rooms.offer(room, update, Instant::now());
                let is_pushed = !pushes.is_empty();
                let frames = self.publish(pushes, registry).await;
                if is_pushed && frames == 0 {
                    self.members.note_away(room, arrivals);
                }
                return Ok(());
            }
            Topic::ReadStatusUpdated => {
                let (room, flag) = read_status_updated::read(record)?;
                let flag = self.rooms.offer_flag(room, flag);
                flag.map(|flag| read_status_updated::push(&flag, registry))
                    .unwrap_or_default()
            }
            _ => match write_event::read(&record)? {
                WriteEvent::MessageSent(message) => {
                    meters::note_pushed(message.sent_at, self.clock.now());
                    message_sent::push(&message, &record, &mut self.seqs, registry)
                }
                WriteEvent::ReadMarkerUpdated(marker) => {
                    read_marker_updated::push(&marker, &record, &mut self.markers, registry)
                }
                WriteEvent::RoomCreated(_) => return Ok(()),
            },
        };
        self.budget.charge(queued).await;
        Ok(())
    }

    /// Answers how many frames were queued.
    async fn publish(&mut self, pushes: Vec<RoomPush>, registry: &Registry) -> usize {
        let mut frames = 0;
        for push in pushes {
            let queued = push.publish(registry);
            frames += queued.frames;
            self.budget.charge(queued).await;
        }
        frames
    }
}
