//! The one task that reads the log for all sockets of a node (decision 16): no group, from the end as it is at the start.

use std::sync::Arc;

use colloquy_chassis::{Failure as _, backoff::Backoff, readiness::Gate};
use colloquy_contracts::Topic;
use colloquy_event_log::{EventLog, EventLogError, TailReader};
use tokio::time::Instant;

use super::{pushed::Pushed, recent::CAPACITY};
use crate::{Websocket, close_reason::CloseReason};

/// The topics whose events are pushed to clients.
const TOPICS: [Topic; 4] = [
    Topic::ChatMessageSent,
    Topic::ReadMarkerUpdated,
    Topic::RoomUpdated,
    Topic::ReadStatusUpdated,
];
/// Records read from the log at once.
const BATCH: usize = 256;

/// Follows the log for ever. The gate is open, and new sockets are let in, while nothing can be missed.
pub async fn follow(websocket: &Websocket, log: &dyn EventLog, gate: &Gate) {
    let clock = Arc::clone(&websocket.clock);
    let mut pushed = Pushed::new(websocket.settings.room_interval, CAPACITY, clock);
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
        let due = pushed.next_due();
        let records = tokio::select! {
            records = tail.next(BATCH) => records,
            () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => Ok(Vec::new()),
        };
        match records {
            Ok(records) => {
                backoff.reset();
                for record in records {
                    pushed.push(record, &websocket.registry).await;
                }
            }
            Err(EventLogError::OutOfRange) => return,
            Err(error) => {
                tracing::warn!(%error, "the event log is unavailable; pushes are delayed");
                backoff.wait().await;
            }
        }
        pushed.publish_due(&websocket.registry).await;
        pushed.count_passed_over();
    }
}
