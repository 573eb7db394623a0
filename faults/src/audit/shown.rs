//! P5 and decision 13: each customer is shown their rooms, and no other, as the write store has them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Findings, by_room};
use crate::{
    anomaly::{
        Anomaly::{Divergent, Duplicated, Phantom},
        Layer::Views,
    },
    evidence::{Contents, Room, Shown, Stored},
};

pub fn check(written: &Contents, shown: &[Shown], findings: &mut Findings) {
    let messages = by_room(&written.messages);
    let markers: HashMap<(i64, i64), i64> = written
        .markers
        .iter()
        .map(|marker| {
            (
                (marker.room_id, marker.customer_id),
                marker.last_read_message_id,
            )
        })
        .collect();
    let viewers: BTreeSet<i64> = shown.iter().map(|shown| shown.to).collect();
    let mut left: BTreeMap<(i64, i64), Vec<&Shown>> = BTreeMap::new();
    for one in shown {
        left.entry((one.room_id, one.to)).or_default().push(one);
    }
    for room in &written.rooms {
        let messages = messages.get(&room.room_id).map_or(&[][..], Vec::as_slice);
        let unread: BTreeMap<i64, bool> = room
            .participants
            .iter()
            .map(|&reader| {
                let marker = markers.get(&(room.room_id, reader)).copied();
                (reader, is_unread(room, messages, reader, marker))
            })
            .collect();
        let last = messages
            .last()
            .map(|message| (message.seq, message.message_id));
        for viewer in viewers.intersection(&room.participants.iter().copied().collect()) {
            let found = left.remove(&(room.room_id, *viewer)).unwrap_or_default();
            if found.len() > 1 {
                findings.add(Duplicated, Views, || format!("{viewer} is shown {found:?}"));
            }
            let is_right = |shown: &&Shown| {
                (&shown.name, &shown.participants, &shown.unread, shown.last)
                    == (&room.name, &room.participants, &unread, last)
            };
            if !found.first().is_some_and(is_right) {
                findings.add(Divergent, Views, || {
                    format!(
                        "{viewer} is shown {:?} instead of {room:?}, unread {unread:?}, last {last:?}",
                        found.first()
                    )
                });
            }
        }
    }
    for shown in left.into_values().flatten() {
        findings.add(Phantom, Views, || {
            format!("{} is shown {shown:?}", shown.to)
        });
    }
}

/// Unread are messages of others behind the marker. Without a marker, the creator has read the beginning of the room, and
/// another member has not.
fn is_unread(room: &Room, messages: &[&Stored], reader: i64, marker: Option<i64>) -> bool {
    let newest = messages
        .iter()
        .filter(|message| message.sender_id != reader)
        .map(|message| message.message_id)
        .max();
    let unmarked = if room.created_by == reader { 0 } else { -1 };
    newest.unwrap_or(0) > marker.unwrap_or(unmarked)
}
