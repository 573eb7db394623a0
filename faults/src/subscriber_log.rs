//! What one subscriber holds and what each of its connections showed it.

use std::collections::BTreeMap;

use colloquy_e2e::client::Message;
use tokio::time::Instant;

/// What one subscriber saw.
#[derive(Clone, Debug, Default)]
pub struct SubscriberLog {
    /// By room, by seq: message id and content.
    pub messages: BTreeMap<i64, BTreeMap<i64, (i64, String)>>,
    /// Each connection in turn; only the last one can be open.
    pub connections: Vec<Connection>,
    /// Two different messages under one seq: room and seq.
    pub contradictions: Vec<(i64, i64)>,
}

/// One connection from its set-up to its end.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// By room.
    pub rooms: BTreeMap<i64, RoomLog>,
    /// `None` while it is open.
    pub ended: Option<Instant>,
}

/// What one connection showed of one room.
#[derive(Clone, Debug)]
pub struct RoomLog {
    /// When the subscription's receipt was here: what is sent later must be pushed.
    pub subscribed: Instant,
    /// Pushed seqs in the order of their arrival.
    pub pushed: Vec<i64>,
    /// Seqs first seen in a history that was fetched because a view told of more than was held, and when. (The history
    /// that is fetched at the set-up is apart: nobody owes a push of what it has.)
    pub mended: BTreeMap<i64, Instant>,
}

impl SubscriberLog {
    /// Takes in a message, pushed or of history, and tells whether it is new.
    pub fn keep(&mut self, message: &Message) -> bool {
        let value = (message.message_id, message.content.clone());
        let room = self.messages.entry(message.room_id).or_default();
        match room.insert(message.seq, value.clone()) {
            None => true,
            Some(before) => {
                if before != value {
                    self.contradictions.push((message.room_id, message.seq));
                }
                false
            }
        }
    }

    /// How far this room is held without a gap.
    pub fn known(&self, room: i64) -> i64 {
        self.messages
            .get(&room)
            .map_or(0, |messages| contiguous(messages.keys().copied()))
    }

    pub fn connect(&mut self) {
        self.connections.push(Connection::default());
    }

    pub fn disconnect(&mut self) {
        if let Some(connection) = self.connections.last_mut() {
            connection.ended = Some(Instant::now());
        }
    }

    pub fn subscribed(&mut self, room: i64) {
        if let Some(connection) = self.connections.last_mut() {
            let seen = RoomLog {
                subscribed: Instant::now(),
                pushed: Vec::new(),
                mended: BTreeMap::new(),
            };
            connection.rooms.insert(room, seen);
        }
    }

    /// The room as the connection of now shows it.
    pub fn seen(&mut self, room: i64) -> Option<&mut RoomLog> {
        self.connections.last_mut()?.rooms.get_mut(&room)
    }
}

/// How far a list of seqs goes without a gap from 1.
fn contiguous(seqs: impl Iterator<Item = i64>) -> i64 {
    let count = seqs
        .zip(1..)
        .take_while(|(seq, expected)| seq == expected)
        .count();
    i64::try_from(count).unwrap_or(i64::MAX)
}
