//! The pushes of each connection: no hole, and every push that was owed to it.
//!
//! Owed is a message above the first one pushed, or one that was sent after the subscription's receipt. An earlier message
//! may have been pushed before the subscription and projected after history was fetched: the client mends that by fetching
//! again (decision 18), and the audit finds the mended message in the log of the subscriber.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use tokio::time::Instant;

use super::{Findings, Rooms};
use crate::{
    anomaly::{
        Anomaly::{Duplicated, Gaps, Lost, Misordered},
        Layer::Pushes,
    },
    evidence::Stored,
    history::{Call, Op},
    subscriber_log::{Connection, RoomLog, SubscriberLog},
};

/// How long a push may lag behind a fetch that already had the message (promise P5).
const MAX_LAG: Duration = Duration::from_secs(30);

/// When the first try of each message began, by content.
pub type Sent<'a> = HashMap<&'a str, Instant>;

pub fn sent(calls: &[Call]) -> Sent<'_> {
    calls
        .iter()
        .filter_map(|call| match &call.op {
            Op::Message { content, .. } => Some((content.as_str(), call.began)),
            Op::Room { .. } | Op::Marker { .. } => None,
        })
        .collect()
}

pub fn check(
    number: usize,
    log: &SubscriberLog,
    rooms: &Rooms<'_>,
    sent: &Sent<'_>,
    findings: &mut Findings,
) {
    for connection in &log.connections {
        for (room, room_log) in &connection.rooms {
            in_order(number, *room, room_log, findings);
            let messages = rooms.get(room).map_or(&[][..], Vec::as_slice);
            let pushed: BTreeSet<i64> = room_log.pushed.iter().copied().collect();
            for stored in messages {
                if !pushed.contains(&stored.seq) && is_owed(connection, room_log, stored, sent) {
                    findings.add(Lost, Pushes, || {
                        format!("subscriber {number} was not pushed {stored:?}")
                    });
                }
            }
        }
    }
    let open = log
        .connections
        .last()
        .filter(|connection| connection.ended.is_none());
    for room in rooms.keys() {
        if open.is_none_or(|connection| !connection.rooms.contains_key(room)) {
            findings.add(Lost, Pushes, || {
                format!("subscriber {number} could not subscribe to room {room} again")
            });
        }
    }
}

/// Pushes of one connection: no hole, no repeat, in order.
fn in_order(number: usize, room: i64, room_log: &RoomLog, findings: &mut Findings) {
    for pair in room_log.pushed.windows(2) {
        let anomaly = match pair[1] - pair[0] {
            1 => continue,
            0 => Duplicated,
            2.. => Gaps,
            _ => Misordered,
        };
        findings.add(anomaly, Pushes, || {
            format!(
                "subscriber {number}, room {room}: pushed {} after {}",
                pair[1], pair[0]
            )
        });
    }
}

/// A connection that ended may have missed what comes behind its last push, unless it lived on long after it had fetched
/// that.
fn is_owed(connection: &Connection, room_log: &RoomLog, stored: &Stored, sent: &Sent<'_>) -> bool {
    let ours = room_log
        .pushed
        .first()
        .is_some_and(|first| stored.seq > *first)
        || sent
            .get(stored.content.as_str())
            .is_some_and(|began| *began > room_log.subscribed);
    let in_time = match connection.ended {
        None => true,
        Some(ended) => {
            room_log.pushed.iter().any(|seq| *seq > stored.seq)
                || room_log
                    .mended
                    .get(&stored.seq)
                    .is_some_and(|at| ended - *at > MAX_LAG)
        }
    };
    ours && in_time
}
