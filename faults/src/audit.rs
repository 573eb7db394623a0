//! The verdict: what senders were answered, what the stores hold, what queries show and what subscribers received must
//! agree.
//!
//! Pure, so that a test can show that each anomaly is found.

mod calls;
mod findings;
mod log;
mod pushes;
mod shown;
mod store;
mod subscriber;
mod views;

use std::{
    collections::{BTreeMap, HashMap},
    ops::Deref,
};

pub use self::findings::Findings;
use crate::{
    evidence::{Evidence, Stored},
    history::Call,
    subscriber_log::SubscriberLog,
};

/// Compares every source with the write store, and that with the answers that the senders got.
pub fn audit(
    calls: &[Call],
    evidence: &Evidence,
    logs: &[impl Deref<Target = SubscriberLog>],
) -> Findings {
    let mut findings = Findings::default();
    calls::messages(calls, &evidence.written, &mut findings);
    calls::rooms(calls, &evidence.written, &mut findings);
    calls::markers(calls, &evidence.written, &mut findings);
    store::check(&evidence.written, &mut findings);
    log::messages(&evidence.written, &evidence.logged, &mut findings);
    log::rooms(&evidence.written, &evidence.logged, &mut findings);
    log::markers(calls, &evidence.written, &evidence.logged, &mut findings);
    views::check(&evidence.written, &evidence.viewed, &mut findings);
    shown::check(&evidence.written, &evidence.shown, &mut findings);
    let sent = pushes::sent(calls);
    let rooms = by_room(&evidence.written.messages);
    for (number, log) in logs.iter().enumerate() {
        subscriber::held(number, log, &rooms, &mut findings);
        pushes::check(number, log, &rooms, &sent, &mut findings);
    }
    findings
}

/// The messages of each room by seq.
type Rooms<'a> = BTreeMap<i64, Vec<&'a Stored>>;

fn by_room(stored: &[Stored]) -> Rooms<'_> {
    let mut rooms = Rooms::new();
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
mod tests;
