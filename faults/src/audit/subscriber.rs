//! The messages that one subscriber has at the end, pushed or fetched, are the stored ones.

use std::collections::BTreeMap;

use super::{Findings, Rooms};
use crate::{
    anomaly::{
        Anomaly::{Divergent, Lost, Phantom},
        Layer::Pushes,
    },
    subscriber_log::SubscriberLog,
};

pub fn held(number: usize, log: &SubscriberLog, rooms: &Rooms<'_>, findings: &mut Findings) {
    for (room, seq) in &log.contradictions {
        findings.add(Divergent, Pushes, || {
            format!("subscriber {number} got two messages at room {room} seq {seq}")
        });
    }
    for (room, messages) in rooms {
        let held = log.messages.get(room);
        for stored in messages {
            match held.and_then(|held| held.get(&stored.seq)) {
                None => findings.add(Lost, Pushes, || {
                    format!("subscriber {number} never got {stored:?}")
                }),
                Some((id, content)) if (*id, content) != (stored.message_id, &stored.content) => {
                    findings.add(Divergent, Pushes, || {
                        format!("subscriber {number} got {id} {content} at {stored:?}")
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
            findings.add(Phantom, Pushes, || {
                format!("subscriber {number} got seq {seq} of room {room}")
            });
        }
    }
}
