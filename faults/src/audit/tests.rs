//! Each finding is found, and a good run has none.

mod messages;
mod proof;
mod pushes;
mod rooms_and_markers;

use std::{collections::BTreeMap, time::Duration};

use colloquy_e2e::client::Sent;
use tokio::time::Instant;

use super::*;
use crate::{
    anomaly::{Anomaly, Layer},
    evidence::{Contents, Marker, Room, Shown},
    history::{Op, Outcome},
    subscriber_log::{Connection, RoomLog},
};

const ROOM: i64 = 5;
const CREATOR: i64 = 1;
const READER: i64 = 2;
const IDLE: i64 = 3;

/// One room of three, three messages of its creator of which a reader marked the second: acknowledged, logged, projected
/// and shown; and the last two pushed to one subscriber behind a history of one.
struct Run {
    calls: Vec<Call>,
    evidence: Evidence,
    log: SubscriberLog,
}

impl Run {
    fn good() -> Self {
        let contents = Contents {
            rooms: vec![room(ROOM)],
            messages: (1..=3).map(stored).collect(),
            markers: vec![marker(102)],
        };
        let held = contents
            .messages
            .iter()
            .map(|stored| (stored.seq, (stored.message_id, stored.content.clone())))
            .collect();
        let mut calls: Vec<Call> = contents.messages.iter().map(|one| sent(one.seq)).collect();
        calls.push(created(ROOM));
        calls.push(marked(102));
        let room_log = RoomLog {
            subscribed: calls[0].ended,
            pushed: vec![2, 3],
            mended: BTreeMap::new(),
        };
        let connection = Connection {
            rooms: BTreeMap::from([(ROOM, room_log)]),
            ended: None,
        };
        Self {
            calls,
            evidence: Evidence {
                written: contents.clone(),
                logged: contents.clone(),
                viewed: contents,
                shown: [CREATOR, READER, IDLE].map(shown).to_vec(),
            },
            log: SubscriberLog {
                messages: BTreeMap::from([(ROOM, held)]),
                connections: vec![connection],
                contradictions: Vec::new(),
            },
        }
    }

    fn room_log(&mut self) -> &mut RoomLog {
        self.log.connections[0].rooms.get_mut(&ROOM).unwrap()
    }

    fn findings(&self) -> Findings {
        audit(&self.calls, &self.evidence, &[&self.log])
    }

    fn finds(&self, anomaly: Anomaly, layer: Layer) -> bool {
        self.findings().count_in(anomaly, layer) > 0
    }
}

fn room(room_id: i64) -> Room {
    Room {
        room_id,
        name: format!("r{room_id}"),
        created_by: CREATOR,
        participants: vec![CREATOR, READER, IDLE],
    }
}

fn stored(seq: i64) -> Stored {
    Stored {
        room_id: ROOM,
        seq,
        message_id: 100 + seq,
        sender_id: CREATOR,
        content: format!("m{seq}"),
    }
}

fn marker(at: i64) -> Marker {
    Marker {
        room_id: ROOM,
        customer_id: READER,
        last_read_message_id: at,
    }
}

fn shown(to: i64) -> Shown {
    Shown {
        to,
        room_id: ROOM,
        name: format!("r{ROOM}"),
        participants: vec![CREATOR, READER, IDLE],
        unread: BTreeMap::from([(CREATOR, false), (READER, true), (IDLE, true)]),
        last: Some((3, 103)),
    }
}

/// Began a second after the one before.
fn call(number: i64, op: Op) -> Call {
    let seconds = number.try_into().unwrap();
    let began = *BEGIN + Duration::from_secs(seconds);
    Call {
        op,
        failed_tries: 0,
        due: began,
        began,
        ended: began + Duration::from_millis(500),
    }
}

static BEGIN: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);

fn sent(seq: i64) -> Call {
    let sent = Sent {
        message_id: 100 + seq,
        room_id: ROOM,
        seq,
        sent_at: String::new(),
    };
    message(seq, Outcome::Ok(sent))
}

fn message(seq: i64, outcome: Outcome<Sent>) -> Call {
    let content = format!("m{seq}");
    call(seq, Op::Message { content, outcome })
}

fn created(room_id: i64) -> Call {
    new_room(room_id, Outcome::Ok(room_id))
}

fn new_room(room_id: i64, outcome: Outcome<i64>) -> Call {
    let room = room(room_id);
    let op = Op::Room {
        name: room.name,
        creator: room.created_by,
        participants: room.participants,
        outcome,
    };
    call(0, op)
}

fn marked(at: i64) -> Call {
    mark(at, Outcome::Ok(()))
}

fn mark(at: i64, outcome: Outcome<()>) -> Call {
    let marker = marker(at);
    call(4, Op::Marker { marker, outcome })
}

#[test]
fn a_good_run_has_no_findings() {
    let findings = Run::good().findings();
    assert!(findings.is_clean(), "{:?}", findings.examples());
}
