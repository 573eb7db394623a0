//! The log has every stored fact, first occurrences in order; repeats are allowed, phantoms are not.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Findings, index};
use crate::{
    anomaly::{
        Anomaly::{Lost, Misordered, Phantom},
        Layer::Log,
    },
    evidence::{Contents, Marker, Room, Stored},
    history::{Call, Op, Outcome},
};

pub fn messages(written: &Contents, logged: &Contents, findings: &mut Findings) {
    let truth = index(&written.messages);
    let mut first: HashMap<(i64, i64), &Stored> = HashMap::new();
    let mut highest: HashMap<i64, i64> = HashMap::new();
    for event in &logged.messages {
        let key = (event.room_id, event.seq);
        if truth.get(&key).is_none_or(|stored| *stored != event) {
            findings.add(Phantom, Log, || format!("{event:?} is not stored"));
        }
        if first.insert(key, event).is_none() {
            let highest = highest.entry(event.room_id).or_default();
            if event.seq != *highest + 1 {
                findings.add(Misordered, Log, || format!("{event:?} after seq {highest}"));
            }
            *highest = (*highest).max(event.seq);
        }
    }
    for stored in &written.messages {
        if !first.contains_key(&(stored.room_id, stored.seq)) {
            findings.add(Lost, Log, || format!("{stored:?} is not in the log"));
        }
    }
}

pub fn rooms(written: &Contents, logged: &Contents, findings: &mut Findings) {
    let by_id = |rooms: &'_ [Room]| -> HashMap<i64, Room> {
        rooms
            .iter()
            .map(|room| (room.room_id, room.clone()))
            .collect()
    };
    let truth = by_id(&written.rooms);
    for event in &logged.rooms {
        if truth.get(&event.room_id) != Some(event) {
            findings.add(Phantom, Log, || format!("{event:?} is not stored"));
        }
    }
    let logged = by_id(&logged.rooms);
    for room in &written.rooms {
        if !logged.contains_key(&room.room_id) {
            findings.add(Lost, Log, || format!("{room:?} is not in the log"));
        }
    }
}

/// The log moves a marker only to messages that a sender marked, each for the first time in ascending order, and at last
/// to the stored one.
pub fn markers(calls: &[Call], written: &Contents, logged: &Contents, findings: &mut Findings) {
    let asked: BTreeSet<(i64, i64, i64)> = calls
        .iter()
        .filter_map(|call| match &call.op {
            Op::Marker {
                marker,
                outcome: Outcome::Ok(()) | Outcome::Unknown,
            } => Some(key(marker)),
            _ => None,
        })
        .collect();
    let mut first = BTreeSet::new();
    let mut highest: BTreeMap<(i64, i64), i64> = BTreeMap::new();
    for event in &logged.markers {
        if !asked.contains(&key(event)) {
            findings.add(Phantom, Log, || format!("no sender asked for {event:?}"));
        }
        if first.insert(key(event)) {
            let whose = (event.room_id, event.customer_id);
            let highest = highest.entry(whose).or_insert(i64::MIN);
            if event.last_read_message_id < *highest {
                findings.add(Misordered, Log, || format!("{event:?} after {highest}"));
            }
            *highest = event.last_read_message_id.max(*highest);
        }
    }
    for stored in &written.markers {
        match highest.remove(&(stored.room_id, stored.customer_id)) {
            Some(at) if at > stored.last_read_message_id => {
                findings.add(Phantom, Log, || format!("logged {at}, stored {stored:?}"));
            }
            Some(at) if at == stored.last_read_message_id => {}
            Some(_) | None => findings.add(Lost, Log, || format!("{stored:?} is not in the log")),
        }
    }
    for (whose, at) in highest {
        findings.add(Phantom, Log, || {
            format!("logged {at} for room and reader {whose:?}, stored nothing")
        });
    }
}

fn key(marker: &Marker) -> (i64, i64, i64) {
    (
        marker.room_id,
        marker.customer_id,
        marker.last_read_message_id,
    )
}
