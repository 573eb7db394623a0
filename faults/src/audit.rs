//! The verdict: what senders were told, what the stores hold, what is shown and what subscribers saw must be one story.
//!
//! Pure, so that each finding can be shown to be found.

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

pub use self::findings::{Findings, HARMS, Harm, Place};
use crate::{
    evidence::{Evidence, Stored},
    holding::Holding,
    journal::Call,
};

/// Compares everything with everything.
pub fn audit(
    calls: &[Call],
    evidence: &Evidence,
    holdings: &[impl Deref<Target = Holding>],
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
    for (number, holding) in holdings.iter().enumerate() {
        subscriber::held(number, holding, &rooms, &mut findings);
        pushes::check(number, holding, &rooms, &sent, &mut findings);
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
