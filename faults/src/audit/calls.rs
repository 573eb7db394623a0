//! P1, P2, P4, P5: every call is answered; what was acknowledged is there once, as answered; nothing is there that no
//! sender asked for.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Findings;
use crate::{
    anomaly::{
        Anomaly::{Divergent, Duplicated, Lost, Phantom, Unanswered},
        Layer::{Answers, WriteStore},
    },
    evidence::{Contents, Room, Stored},
    history::{Call, Op, Outcome},
};

pub fn messages(calls: &[Call], written: &Contents, findings: &mut Findings) {
    let mut by_content: HashMap<&str, Vec<&Stored>> = HashMap::new();
    for stored in &written.messages {
        by_content.entry(&stored.content).or_default().push(stored);
    }
    for call in calls {
        let Op::Message { content, outcome } = &call.op else {
            continue;
        };
        let found = by_content.remove(content.as_str()).unwrap_or_default();
        once(content, found.len(), outcome, findings);
        if let (Outcome::Ok(sent), Some(stored)) = (outcome, found.first())
            && (sent.message_id, sent.seq, sent.room_id)
                != (stored.message_id, stored.seq, stored.room_id)
        {
            findings.add(Divergent, WriteStore, || {
                format!("answered {sent:?}, stored {stored:?}")
            });
        }
    }
    for stored in by_content.into_values().flatten() {
        findings.add(Phantom, WriteStore, || format!("no sender sent {stored:?}"));
    }
}

pub fn rooms(calls: &[Call], written: &Contents, findings: &mut Findings) {
    let mut by_name: HashMap<&str, Vec<&Room>> = HashMap::new();
    for room in &written.rooms {
        by_name.entry(&room.name).or_default().push(room);
    }
    for call in calls {
        let Op::Room {
            name,
            creator,
            participants,
            outcome,
        } = &call.op
        else {
            continue;
        };
        let found = by_name.remove(name.as_str()).unwrap_or_default();
        once(name, found.len(), outcome, findings);
        let Some(room) = found.first() else { continue };
        let is_another = matches!(outcome, Outcome::Ok(id) if *id != room.room_id);
        if is_another || (&room.created_by, &room.participants) != (creator, participants) {
            findings.add(Divergent, WriteStore, || {
                format!("asked for {:?}, stored {room:?}", call.op)
            });
        }
    }
    for room in by_name.into_values().flatten() {
        findings.add(Phantom, WriteStore, || {
            format!("no sender created {room:?}")
        });
    }
}

/// A marker ends at the highest message that was acknowledged as read, or at one whose call was not answered.
pub fn markers(calls: &[Call], written: &Contents, findings: &mut Findings) {
    let mut asked: BTreeMap<(i64, i64), BTreeSet<i64>> = BTreeMap::new();
    let mut acknowledged: BTreeMap<(i64, i64), i64> = BTreeMap::new();
    for call in calls {
        let Op::Marker { marker, outcome } = &call.op else {
            continue;
        };
        let (whose, at) = (
            (marker.room_id, marker.customer_id),
            marker.last_read_message_id,
        );
        match outcome {
            Outcome::Refused(status) => {
                refused(&format!("{marker:?}"), *status, findings);
                continue;
            }
            Outcome::Unknown => unanswered(&format!("{marker:?}"), findings),
            Outcome::Ok(()) => {
                let highest = acknowledged.entry(whose).or_insert(at);
                *highest = at.max(*highest);
            }
        }
        asked.entry(whose).or_default().insert(at);
    }
    let stored: BTreeMap<(i64, i64), i64> = written
        .markers
        .iter()
        .map(|marker| {
            (
                (marker.room_id, marker.customer_id),
                marker.last_read_message_id,
            )
        })
        .collect();
    for (whose, at) in acknowledged {
        let stored = stored.get(&whose).copied();
        if stored.is_none_or(|stored| stored < at) {
            findings.add(Lost, WriteStore, || {
                format!("room and reader {whose:?} marked {at}, stored {stored:?}")
            });
        }
    }
    for (whose, at) in stored {
        if !asked.get(&whose).is_some_and(|asked| asked.contains(&at)) {
            findings.add(Phantom, WriteStore, || {
                format!("no sender marked {at} for room and reader {whose:?}")
            });
        }
    }
}

/// The effect of a call is there at most once, and exactly once if the call was acknowledged.
fn once<T>(what: &str, found: usize, outcome: &Outcome<T>, findings: &mut Findings) {
    if found > 1 {
        findings.add(Duplicated, WriteStore, || {
            format!("{what} is stored {found} times")
        });
    }
    match outcome {
        Outcome::Ok(_) if found == 0 => {
            findings.add(Lost, WriteStore, || format!("{what} was acknowledged"));
        }
        Outcome::Ok(_) => {}
        Outcome::Refused(status) if found > 0 => {
            findings.add(Phantom, WriteStore, || {
                format!("{what} was refused with {status}")
            });
        }
        Outcome::Refused(status) => refused(what, *status, findings),
        Outcome::Unknown => unanswered(what, findings),
    }
}

fn refused(what: &str, status: u16, findings: &mut Findings) {
    findings.add(Lost, WriteStore, || {
        format!("{what} was refused with {status}, for no reason")
    });
}

fn unanswered(what: &str, findings: &mut Findings) {
    findings.add(Unanswered, Answers, || {
        format!("{what} was tried long after the faults had stopped")
    });
}
