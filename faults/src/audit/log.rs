//! The log tells everything that is stored, first occurrences in order; repeats are allowed, phantoms are not.

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
        let place = (event.room_id, event.seq);
        if truth.get(&place).is_none_or(|stored| *stored != event) {
            findings.add(Phantom, Log, || format!("{event:?} is not stored"));
        }
        if first.insert(place, event).is_none() {
            let highest = highest.entry(event.room_id).or_default();
            if event.seq != *highest + 1 {
                findings.add(Misordered, Log, || format!("{event:?} after seq {highest}"));
            }
            *highest = (*highest).max(event.seq);
        }
    }
    for stored in &written.messages {
        if !first.contains_key(&(stored.room_id, stored.seq)) {
            findings.add(Lost, Log, || format!("{stored:?} was never told"));
        }
    }
}

pub fn rooms(written: &Contents, logged: &Contents, findings: &mut Findings) {
    let by_id = |told: &'_ [Room]| -> HashMap<i64, Room> {
        told.iter()
            .map(|room| (room.room_id, room.clone()))
            .collect()
    };
    let truth = by_id(&written.rooms);
    for event in &logged.rooms {
        if truth.get(&event.room_id) != Some(event) {
            findings.add(Phantom, Log, || format!("{event:?} is not stored"));
        }
    }
    let told = by_id(&logged.rooms);
    for room in &written.rooms {
        if !told.contains_key(&room.room_id) {
            findings.add(Lost, Log, || format!("{room:?} was never told"));
        }
    }
}

/// A marker is told at places that were asked for, each for the first time in ascending order, and at last where it is.
pub fn markers(calls: &[Call], written: &Contents, logged: &Contents, findings: &mut Findings) {
    let asked: BTreeSet<(i64, i64, i64)> = calls
        .iter()
        .filter_map(|call| match &call.op {
            Op::Marker {
                marker,
                outcome: Outcome::Ok(()) | Outcome::Unknown,
            } => Some(place(marker)),
            _ => None,
        })
        .collect();
    let mut told = BTreeSet::new();
    let mut highest: BTreeMap<(i64, i64), i64> = BTreeMap::new();
    for event in &logged.markers {
        if !asked.contains(&place(event)) {
            findings.add(Phantom, Log, || format!("nobody asked for {event:?}"));
        }
        if told.insert(place(event)) {
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
                findings.add(Phantom, Log, || format!("told {at}, stored {stored:?}"));
            }
            Some(at) if at == stored.last_read_message_id => {}
            Some(_) | None => findings.add(Lost, Log, || format!("{stored:?} was never told")),
        }
    }
    for (whose, at) in highest {
        findings.add(Phantom, Log, || {
            format!("told {at} for room and reader {whose:?}, stored nothing")
        });
    }
}

fn place(marker: &Marker) -> (i64, i64, i64) {
    (
        marker.room_id,
        marker.customer_id,
        marker.last_read_message_id,
    )
}
