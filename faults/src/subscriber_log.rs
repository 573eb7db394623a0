//! What one subscriber got, all in all and by each of its connections.

use std::collections::BTreeMap;

use colloquy_e2e::client::Message;
use tokio::time::Instant;

/// All that one subscriber got.
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

/// What one connection got of one room.
#[derive(Clone, Debug)]
pub struct RoomLog {
    /// When the subscription's receipt was here: what is sent later must be pushed.
    pub subscribed: Instant,
    /// Pushed seqs in the order of their arrival.
    pub pushed: Vec<i64>,
    /// Seqs that first came in a history that was fetched because a view had more, and when. (A message that came in the
    /// history of the set-up is not owed as a push.)
    pub mended: BTreeMap<i64, Instant>,
}

impl SubscriberLog {
    /// Takes in a message, pushed or of history, and answers whether it is new.
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

    /// How far this room came without a gap.
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
            let room_log = RoomLog {
                subscribed: Instant::now(),
                pushed: Vec::new(),
                mended: BTreeMap::new(),
            };
            connection.rooms.insert(room, room_log);
        }
    }

    /// The log of the room in the current connection.
    pub fn room_log(&mut self, room: i64) -> Option<&mut RoomLog> {
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
