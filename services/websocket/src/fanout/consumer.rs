//! The one task that reads the log for all sockets of a node (decision 16): no group, from the end as it is at the start.

use colloquy_chassis::{
    Failure as _,
    backoff::Backoff,
    readiness::Gate,
    spans::{self, Role},
};
use colloquy_contracts::{Topic, events::WriteEvent};
use colloquy_event_log::{EventLog, EventLogError, Record, TailReader, write_event};
use tokio::time::Instant;

use super::{
    message_sent,
    read_marker_updated::{self, Markers},
    read_status_updated,
    registry::Registry,
    room_updated::{self, RoomCoalescer, RoomPush},
    seqs::Seqs,
    yield_budget::YieldBudget,
};
use crate::{Websocket, close_reason::CloseReason, meters};

/// The topics whose events are pushed to clients.
const TOPICS: [Topic; 4] = [
    Topic::ChatMessageSent,
    Topic::ReadMarkerUpdated,
    Topic::RoomUpdated,
    Topic::ReadStatusUpdated,
];
/// Records read from the log at once.
const BATCH: usize = 256;

/// The reason why a record is not pushed.
type Unreadable = Box<dyn std::error::Error + Send + Sync>;

/// What this node has pushed, so that it pushes nothing twice and no state goes back.
struct Pushed {
    seqs: Seqs,
    markers: Markers,
    rooms: RoomCoalescer,
    budget: YieldBudget,
}

/// Follows the log for ever. The gate is open, and new sockets are let in, while nothing can be missed.
pub async fn follow(websocket: &Websocket, log: &dyn EventLog, gate: &Gate) {
    let mut pushed = Pushed {
        seqs: Seqs::default(),
        markers: Markers::default(),
        rooms: RoomCoalescer::new(websocket.settings.room_interval),
        budget: YieldBudget::default(),
    };
    loop {
        let mut tail = tail(log).await;
        websocket.set_following(true);
        gate.open();
        tracing::info!("following the event log");
        push_until_missed(websocket, tail.as_mut(), &mut pushed).await;
        gate.close();
        websocket.set_following(false);
        websocket.connections.end_all(CloseReason::Missed);
        metrics::counter!("colloquy_websocket_positions_lost_total").increment(1);
        tracing::error!(
            "the log no longer holds the next events; closing all sockets so that clients catch up"
        );
    }
}

async fn tail(log: &dyn EventLog) -> Box<dyn TailReader> {
    let mut backoff = Backoff::default();
    loop {
        match log.tail(&TOPICS).await {
            Ok(tail) => return tail,
            Err(error) => {
                tracing::warn!(%error, kind = ?error.kind(), "waiting for the event log");
                backoff.wait().await;
            }
        }
    }
}

/// Returns when the log no longer holds the next records.
async fn push_until_missed(websocket: &Websocket, tail: &mut dyn TailReader, pushed: &mut Pushed) {
    let mut backoff = Backoff::default();
    loop {
        let due = pushed.rooms.next_due();
        let records = tokio::select! {
            records = tail.next(BATCH) => records,
            () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => Ok(Vec::new()),
        };
        match records {
            Ok(records) => {
                backoff.reset();
                for record in records {
                    pushed.push(record, websocket).await;
                }
            }
            Err(EventLogError::OutOfRange) => return,
            Err(error) => {
                tracing::warn!(%error, "the event log is unavailable; pushes are delayed");
                backoff.wait().await;
            }
        }
        let due = pushed.rooms.due(Instant::now());
        pushed.publish(due, &websocket.registry).await;
    }
}

impl Pushed {
    /// A record that cannot be read is parked by the read side; here it is counted and logged (decision 8).
    async fn push(&mut self, record: Record, websocket: &Websocket) {
        if record.replayed {
            return;
        }
        let (topic, partition, offset) = (record.topic, record.partition, record.offset);
        let mut span = spans::led_to_by(record.traceparent, Role::Consumer, "push");
        span.note("messaging.destination.name", topic.name());
        if let Err(error) = self.push_new(record, websocket).await {
            span.fail();
            metrics::counter!("colloquy_websocket_unreadable_records_total").increment(1);
            tracing::error!(log.topic = %topic, log.partition = partition, log.offset = offset, %error, "a record cannot be read and is not pushed");
        }
    }

    async fn push_new(&mut self, record: Record, websocket: &Websocket) -> Result<(), Unreadable> {
        let registry = &websocket.registry;
        let queued = match record.topic {
            Topic::RoomUpdated => {
                let (room, update) = room_updated::read(record)?;
                let pushes = self.rooms.offer(room, update, Instant::now());
                self.publish(pushes, registry).await;
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
                    meters::note_pushed(message.sent_at, websocket.clock.now());
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

    async fn publish(&mut self, pushes: Vec<RoomPush>, registry: &Registry) {
        for push in pushes {
            self.budget.charge(push.publish(registry)).await;
        }
    }
}
