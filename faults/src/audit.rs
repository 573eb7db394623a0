//! The verdict: what senders were told, what the stores hold and what subscribers saw must be one story.
//!
//! Pure, so that each finding can be shown to be found.

use std::collections::{BTreeMap, HashMap};

use crate::{
    evidence::{Evidence, Stored},
    journal::{Call, Outcome},
    subscriber::{Holding, Seen},
};

/// The counts of a run (reliability.md §2), with the first few examples of each.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    counts: BTreeMap<&'static str, u64>,
    examples: Vec<String>,
}

/// Promises a run can break.
pub const KINDS: [&str; 6] = [
    "lost",
    "duplicated",
    "phantom",
    "gaps",
    "misordered",
    "divergent",
];

const EXAMPLES: usize = 12;

impl Findings {
    fn add(&mut self, kind: &'static str, what: impl FnOnce() -> String) {
        *self.counts.entry(kind).or_default() += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(format!("{kind}: {}", what()));
        }
    }

    /// How often a promise was broken.
    pub fn count(&self, kind: &str) -> u64 {
        self.counts.get(kind).copied().unwrap_or_default()
    }

    /// Whether no promise was broken.
    pub fn is_clean(&self) -> bool {
        self.counts.is_empty()
    }

    /// Some of what was found, for a person.
    pub fn examples(&self) -> &[String] {
        &self.examples
    }
}

/// Compares everything with everything.
pub fn audit(calls: &[Call], evidence: &Evidence, holdings: &[Holding]) -> Findings {
    let mut findings = Findings::default();
    calls_against_store(calls, &evidence.written, &mut findings);
    store(&evidence.written, &mut findings);
    log(&evidence.written, &evidence.logged, &mut findings);
    views(evidence, &mut findings);
    for (number, holding) in holdings.iter().enumerate() {
        subscriber(number, holding, &evidence.written, &mut findings);
    }
    findings
}

/// P1, P2, P4: what was acknowledged is there once, as answered; nothing is there that nobody sent.
fn calls_against_store(calls: &[Call], written: &[Stored], findings: &mut Findings) {
    let mut by_content: HashMap<&str, Vec<&Stored>> = HashMap::new();
    for stored in written {
        by_content.entry(&stored.content).or_default().push(stored);
    }
    for call in calls {
        let found = by_content.remove(call.content.as_str()).unwrap_or_default();
        if found.len() > 1 {
            findings.add("duplicated", || {
                format!("{} is stored {} times", call.content, found.len())
            });
        }
        match (&call.outcome, found.first()) {
            (Outcome::Ok(_), None) => {
                findings.add("lost", || format!("{} was acknowledged", call.content));
            }
            (Outcome::Ok(sent), Some(stored)) => {
                if (sent.message_id, sent.seq, sent.room_id)
                    != (stored.message_id, stored.seq, stored.room_id)
                {
                    findings.add("divergent", || {
                        format!("answered {sent:?}, stored {stored:?}")
                    });
                }
            }
            (Outcome::Refused(status), Some(_)) => {
                findings.add("phantom", || {
                    format!("{} was refused with {status}", call.content)
                });
            }
            (Outcome::Refused(status), None) => {
                findings.add("lost", || {
                    format!("{} was refused with {status}, for no reason", call.content)
                });
            }
            (Outcome::Unknown, _) => {}
        }
    }
    for stored in by_content.into_values().flatten() {
        findings.add("phantom", || format!("nobody sent {stored:?}"));
    }
}

/// P3: in each room 1, 2, 3 … and ids that grow with it.
fn store(written: &[Stored], findings: &mut Findings) {
    for messages in by_room(written).values() {
        for (message, expected) in messages.iter().zip(1..) {
            if message.seq != expected {
                findings.add("gaps", || {
                    format!("write store: seq {expected} is missing before {message:?}")
                });
                break;
            }
        }
        for pair in messages
            .windows(2)
            .filter(|pair| pair[0].message_id >= pair[1].message_id)
        {
            findings.add("misordered", || {
                format!("write store: {:?} before {:?}", pair[0], pair[1])
            });
        }
    }
}

/// The log tells every stored message, first occurrences in seq order; repeats are allowed, phantoms are not.
fn log(written: &[Stored], logged: &[Stored], findings: &mut Findings) {
    let truth: HashMap<(i64, i64), &Stored> = index(written);
    let mut first: HashMap<(i64, i64), &Stored> = HashMap::new();
    let mut highest: HashMap<i64, i64> = HashMap::new();
    for event in logged {
        let place = (event.room_id, event.seq);
        if truth.get(&place).is_none_or(|stored| *stored != event) {
            findings.add("phantom", || {
                format!("the log tells {event:?}, which is not stored")
            });
        }
        if first.insert(place, event).is_none() {
            let highest = highest.entry(event.room_id).or_default();
            if event.seq != *highest + 1 {
                findings.add("misordered", || {
                    format!("log: {event:?} after seq {highest}")
                });
            }
            *highest = (*highest).max(event.seq);
        }
    }
    for stored in written
        .iter()
        .filter(|stored| !first.contains_key(&(stored.room_id, stored.seq)))
    {
        findings.add("lost", || format!("the log never told {stored:?}"));
    }
}

/// P5: the views equal the write store.
fn views(evidence: &Evidence, findings: &mut Findings) {
    let (truth, viewed) = (index(&evidence.written), index(&evidence.viewed));
    if viewed.len() != evidence.viewed.len() {
        findings.add("duplicated", || "the views hold a message twice".to_owned());
    }
    for (place, stored) in &truth {
        if viewed.get(place) != Some(stored) {
            findings.add("divergent", || {
                format!("views: {:?} instead of {stored:?}", viewed.get(place))
            });
        }
    }
    for (place, message) in viewed
        .iter()
        .filter(|(place, _)| !truth.contains_key(*place))
    {
        findings.add("phantom", || format!("views: {message:?} at {place:?}"));
    }
    let last: HashMap<i64, (i64, i64)> = evidence
        .last
        .iter()
        .map(|(room, seq, id)| (*room, (*seq, *id)))
        .collect();
    for (room, messages) in by_room(&evidence.written) {
        let expected = messages
            .last()
            .map(|message| (message.seq, message.message_id));
        if last.get(&room).copied() != expected {
            findings.add("divergent", || {
                format!(
                    "room {room} shows {:?} as last, not {expected:?}",
                    last.get(&room)
                )
            });
        }
    }
}

/// What one subscriber holds is what is stored, and each of its connections was pushed a run without a hole.
fn subscriber(number: usize, holding: &Holding, written: &[Stored], findings: &mut Findings) {
    for (room, seq) in &holding.contradictions {
        findings.add("divergent", || {
            format!("subscriber {number} saw two messages at room {room} seq {seq}")
        });
    }
    for (room, messages) in by_room(written) {
        let held = holding.messages.get(&room);
        for stored in &messages {
            match held.and_then(|held| held.get(&stored.seq)) {
                None => findings.add("lost", || {
                    format!("subscriber {number} never saw {stored:?}")
                }),
                Some((id, content)) if (*id, content) != (stored.message_id, &stored.content) => {
                    findings.add("divergent", || {
                        format!("subscriber {number} saw {id} {content} at {stored:?}")
                    });
                }
                Some(_) => {}
            }
        }
        let highest = messages.last().map_or(0, |message| message.seq);
        for seq in held
            .into_iter()
            .flat_map(BTreeMap::keys)
            .filter(|seq| **seq > highest)
        {
            findings.add("phantom", || {
                format!("subscriber {number} saw seq {seq} of room {room}")
            });
        }
        let connections = holding
            .connections
            .iter()
            .filter_map(|connection| connection.get(&room));
        let last = holding
            .connections
            .last()
            .and_then(|connection| connection.get(&room));
        for seen in connections {
            pushes(number, room, seen, findings);
        }
        if let Some(seen) = last
            && let Some(fetched) = seen.fetched
            && seen.pushed.last().copied().unwrap_or(fetched).max(fetched) < highest
        {
            findings.add("lost", || {
                format!("subscriber {number} was not pushed the end of room {room}: {seen:?}")
            });
        }
    }
}

/// Pushes of one connection: no hole, no repeat, in order. (Between history and the first push a hole is possible and
/// mended by fetching again, decision 18; that it was mended shows in what is held.)
fn pushes(number: usize, room: i64, seen: &Seen, findings: &mut Findings) {
    for pair in seen.pushed.windows(2) {
        let kind = match pair[1] - pair[0] {
            1 => continue,
            0 => "duplicated",
            2.. => "gaps",
            _ => "misordered",
        };
        findings.add(kind, || {
            format!(
                "subscriber {number}, room {room}: pushed {} after {}",
                pair[1], pair[0]
            )
        });
    }
}

fn by_room(stored: &[Stored]) -> BTreeMap<i64, Vec<&Stored>> {
    let mut rooms: BTreeMap<i64, Vec<&Stored>> = BTreeMap::new();
    for message in stored {
        rooms.entry(message.room_id).or_default().push(message);
    }
    rooms
        .values_mut()
        .for_each(|messages| messages.sort_by_key(|message| message.seq));
    rooms
}

fn index(stored: &[Stored]) -> HashMap<(i64, i64), &Stored> {
    stored
        .iter()
        .map(|message| ((message.room_id, message.seq), message))
        .collect()
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
