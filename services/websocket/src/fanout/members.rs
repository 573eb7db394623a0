//! Which rooms have no member on this node who subscribes to a destination of their own, so that a view of the room would
//! be pushed to no client.
//!
//! The members of a room never change in this contract. So they are noted from the first view of it that is decoded, and
//! from then on a look at who subscribes here answers for every later view, without its value.

use colloquy_contracts::{CustomerId, RoomId};

use super::{recent::Recent, registry::customers::Customers};

/// Members of a larger room are not noted: that of so many none is connected to a node is rare, and what is noted
/// stays within 64 MiB.
const MAX_MEMBERS: usize = 64;

/// The rooms of which views came lately. Of a room that is forgotten the next view is decoded again.
#[derive(Debug)]
pub struct Members(Recent<RoomId, Room>);

#[derive(Debug, Default)]
struct Room {
    /// `None` until a view has come, and of large rooms.
    members: Option<Box<[CustomerId]>>,
    /// How many subscriptions had begun when none of the members had one to views.
    away_at: Option<u64>,
}

impl Members {
    /// Remembers so many rooms.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self(Recent::new(capacity))
    }

    /// Notes the members of a room, as its view names them.
    pub fn note(&mut self, room: RoomId, members: &[CustomerId]) {
        let known = self.0.get_or_insert(room);
        if known.members.is_none() && members.len() <= MAX_MEMBERS {
            known.members = Some(members.into());
        }
    }

    /// Notes that a view of the room, published when so many subscriptions had begun, found none. Of rooms whose
    /// members are noted this is not needed.
    pub fn note_away(&mut self, room: RoomId, arrivals: u64) {
        let known = self.0.get_or_insert(room);
        if known.members.is_none() {
            known.away_at = Some(arrivals);
        }
    }

    /// Whether all members of the room are known to have no subscription of their own here.
    pub fn are_away(&mut self, room: RoomId, customers: &Customers) -> bool {
        let known = self.0.get_or_insert(room);
        // Read first: a subscription that begins later changes it, and is looked for again.
        let arrivals = customers.arrivals();
        if known.away_at == Some(arrivals) {
            return true;
        }
        let members = known.members.as_deref();
        let are_away = members.is_some_and(|members| !customers.have_any(members));
        known.away_at = are_away.then_some(arrivals);
        are_away
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: RoomId = RoomId(1);
    const ALICE: CustomerId = CustomerId(1);
    const BOB: CustomerId = CustomerId(2);

    #[test]
    fn members_of_a_room_are_away_until_one_of_them_arrives() {
        let (mut members, customers) = (Members::new(100), Customers::default());
        assert!(!members.are_away(ROOM, &customers), "it is not known");
        members.note(ROOM, &[ALICE]);
        assert!(members.are_away(ROOM, &customers));
        customers.begin(BOB);
        assert!(members.are_away(ROOM, &customers));
        customers.begin(ALICE);
        assert!(!members.are_away(ROOM, &customers));
        customers.end(ALICE);
        assert!(members.are_away(ROOM, &customers));
    }

    #[test]
    fn a_large_room_is_away_only_while_no_customer_arrives() {
        let (mut members, customers) = (Members::new(100), Customers::default());
        let many: Vec<_> = (1..).map(CustomerId).take(MAX_MEMBERS + 1).collect();
        members.note(ROOM, &many);
        assert!(!members.are_away(ROOM, &customers));
        members.note_away(ROOM, customers.arrivals());
        assert!(members.are_away(ROOM, &customers));
        customers.begin(BOB);
        assert!(!members.are_away(ROOM, &customers));
    }
}
