//! P3: in each room 1, 2, 3 … and ids that grow with it; and a marker is at a message of its room.

use std::collections::BTreeSet;

use super::{Findings, by_room};
use crate::{
    anomaly::{
        Anomaly::{Divergent, Gaps, Misordered},
        Layer::WriteStore,
    },
    evidence::Contents,
};

pub fn check(written: &Contents, findings: &mut Findings) {
    for messages in by_room(&written.messages).values() {
        for (message, expected) in messages.iter().zip(1..) {
            if message.seq != expected {
                findings.add(Gaps, WriteStore, || {
                    format!("seq {expected} is missing before {message:?}")
                });
                break;
            }
        }
        for pair in messages
            .windows(2)
            .filter(|pair| pair[0].message_id >= pair[1].message_id)
        {
            findings.add(Misordered, WriteStore, || {
                format!("{:?} before {:?}", pair[0], pair[1])
            });
        }
    }
    let messages: BTreeSet<(i64, i64)> = written
        .messages
        .iter()
        .map(|message| (message.room_id, message.message_id))
        .collect();
    for marker in &written.markers {
        if !messages.contains(&(marker.room_id, marker.last_read_message_id)) {
            findings.add(Divergent, WriteStore, || {
                format!("{marker:?} is at no message of its room")
            });
        }
    }
}
