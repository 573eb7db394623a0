//! P5: the views equal the write store.

use std::{collections::BTreeMap, fmt::Debug};

use super::Findings;
use crate::{
    anomaly::{
        Anomaly::{Divergent, Duplicated, Phantom},
        Layer::Views,
    },
    evidence::Contents,
};

pub fn check(written: &Contents, viewed: &Contents, findings: &mut Findings) {
    equal(
        &written.messages,
        &viewed.messages,
        |message| (message.room_id, message.seq),
        findings,
    );
    equal(
        &written.rooms,
        &viewed.rooms,
        |room| (room.room_id, 0),
        findings,
    );
    equal(
        &written.markers,
        &viewed.markers,
        |marker| (marker.room_id, marker.customer_id),
        findings,
    );
}

fn equal<T: PartialEq + Debug>(
    written: &[T],
    viewed: &[T],
    key: impl Fn(&T) -> (i64, i64),
    findings: &mut Findings,
) {
    let index = |items: &[T]| -> BTreeMap<(i64, i64), usize> {
        items
            .iter()
            .enumerate()
            .map(|(at, one)| (key(one), at))
            .collect()
    };
    let (truth, found) = (index(written), index(viewed));
    if found.len() != viewed.len() {
        findings.add(Duplicated, Views, || {
            format!("{} keys for {} items", found.len(), viewed.len())
        });
    }
    for stored in written {
        let found = found.get(&key(stored)).map(|at| &viewed[*at]);
        if found != Some(stored) {
            findings.add(Divergent, Views, || {
                format!("{found:?} instead of {stored:?}")
            });
        }
    }
    for one in viewed.iter().filter(|one| !truth.contains_key(&key(one))) {
        findings.add(Phantom, Views, || format!("{one:?} is not stored"));
    }
}
