//! What the stores hold when everything is quiet, read without any of the product's code.

mod distributed;
mod embedded;

use serde::Deserialize;

pub use self::{distributed::Distributed, embedded::Embedded};

/// A message as a store or an event tells it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stored {
    pub room_id: i64,
    pub seq: i64,
    pub message_id: i64,
    pub sender_id: i64,
    pub content: String,
}

/// Everything the audit compares.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// The write store, by room and seq.
    pub written: Vec<Stored>,
    /// The message topic, each room in the order of the log; repeats included.
    pub logged: Vec<Stored>,
    /// The view store, by room and seq.
    pub viewed: Vec<Stored>,
    /// The last message of each room's view: room, seq and message id.
    pub last: Vec<(i64, i64, i64)>,
}

impl Evidence {
    /// Keeps the rooms of this run: the stores may hold others.
    pub fn only(mut self, rooms: &[i64]) -> Self {
        let of_run = |stored: &Stored| rooms.contains(&stored.room_id);
        self.written.retain(of_run);
        self.logged.retain(of_run);
        self.viewed.retain(of_run);
        self.last.retain(|(room, ..)| rooms.contains(room));
        self.written.sort();
        self.viewed.sort();
        self
    }
}
