//! What the stores contain, and what queries show of it, when the load has ended. Stores are read without any of the
//! product's code.

mod contents;
mod distributed;
mod embedded;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use colloquy_e2e::client::{Client, RoomView};

pub use self::{
    contents::{Contents, Marker, Room, Stored, TOPICS},
    distributed::Distributed,
    embedded::Embedded,
};

/// A parked event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    pub event_id: String,
    pub reason: String,
}

/// Event ids that begin so are of broken events that the checker itself has put into the log: no evidence of anything.
pub const POISON: &str = "planted-poison:";

/// Everything the audit compares.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// The write store: the truth.
    pub written: Contents,
    /// The write topics, each room in the order of the log; repeats included.
    pub logged: Contents,
    /// The view store.
    pub viewed: Contents,
    /// What each customer is shown.
    pub shown: Vec<Shown>,
}

/// A room as `GET /query/rooms` shows it to one customer.
#[derive(Clone, Debug)]
pub struct Shown {
    pub to: i64,
    pub room_id: i64,
    pub name: String,
    /// Ascending.
    pub participants: Vec<i64>,
    /// Unread or not, by customer.
    pub unread: BTreeMap<i64, bool>,
    /// Seq and id of the last message.
    pub last: Option<(i64, i64)>,
}

impl Evidence {
    /// Keeps the rooms of this run, whose names begin with its number: the stores may hold others.
    pub fn only(mut self, run: u64) -> Self {
        let prefix = format!("{run}-");
        let of_run: BTreeSet<i64> = [&self.written, &self.logged, &self.viewed]
            .into_iter()
            .flat_map(|contents| &contents.rooms)
            .filter(|room| room.name.starts_with(&prefix))
            .map(|room| room.room_id)
            .collect();
        for contents in [&mut self.written, &mut self.logged, &mut self.viewed] {
            contents.rooms.retain(|room| of_run.contains(&room.room_id));
            contents
                .messages
                .retain(|message| of_run.contains(&message.room_id));
            contents
                .markers
                .retain(|marker| of_run.contains(&marker.room_id));
        }
        self.shown
            .retain(|shown| of_run.contains(&shown.room_id) || shown.name.starts_with(&prefix));
        self
    }
}

/// The rooms of a customer as the system shows them.
///
/// # Errors
/// It does not show them, or shows something that is no view.
pub async fn shown(to: i64, client: &Client) -> Result<Vec<Shown>> {
    let views = client.rooms().await?;
    views.into_iter().map(|view| Shown::of(to, view)).collect()
}

impl Shown {
    fn of(to: i64, view: RoomView) -> Result<Self> {
        let unread = view
            .unread_status
            .iter()
            .map(|(customer, unread)| Ok((customer.parse().context("a customer id")?, *unread)));
        let mut participants = view.participant_ids;
        participants.sort_unstable();
        Ok(Self {
            to,
            room_id: view.room_id,
            name: view.room_name,
            participants,
            unread: unread.collect::<Result<_>>()?,
            last: view.last_message.map(|last| (last.seq, last.message_id)),
        })
    }
}
