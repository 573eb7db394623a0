//! Who is typing, as it was announced to this node's subscribers. The typists and the subscribers change under one lock, so
//! that a new subscriber is notified of every typist once, and of the end after the beginning.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use colloquy_contracts::{CustomerId, RoomId};

/// The typists of all rooms: few at any moment.
#[derive(Debug, Default)]
pub struct Typists(Mutex<HashSet<(RoomId, CustomerId)>>);

impl Typists {
    /// Notes that a customer is typing or no longer is, and publishes that if it is a change. At first there is no typist.
    pub fn note<P>(
        &self,
        room: RoomId,
        customer: CustomerId,
        typing: bool,
        publish: impl FnOnce() -> P,
    ) -> Option<P> {
        let mut typists = self.lock();
        let is_change = if typing {
            typists.insert((room, customer))
        } else {
            typists.remove(&(room, customer))
        };
        is_change.then(publish)
    }

    /// Lets a subscriber of a room begin with its typists. Nothing is published meanwhile.
    pub fn with_typists_of(&self, room: RoomId, begin: impl FnOnce(&[CustomerId])) {
        let typists = self.lock();
        let in_room: Vec<_> = typists
            .iter()
            .filter_map(|(typing_in, customer)| (*typing_in == room).then_some(*customer))
            .collect();
        begin(&in_room);
    }

    /// The typists of all rooms.
    #[must_use]
    pub fn all(&self) -> Vec<(RoomId, CustomerId)> {
        self.lock().iter().copied().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<(RoomId, CustomerId)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: CustomerId = CustomerId(1);
    const BOB: CustomerId = CustomerId(2);

    /// The typists with which a new subscriber of a room begins.
    fn typists_of(typists: &Typists, room: i64) -> Vec<CustomerId> {
        let mut found = Vec::new();
        typists.with_typists_of(RoomId(room), |in_room| found.extend(in_room));
        found.sort_unstable();
        found
    }

    #[test]
    fn b21_stomp_s13_a_subscriber_begins_with_the_typists_of_its_room() {
        let typists = Typists::default();
        for (room, customer) in [(1, ALICE), (1, BOB), (2, ALICE)] {
            assert_eq!(typists.note(RoomId(room), customer, true, || ()), Some(()));
        }
        assert_eq!(typists_of(&typists, 1), [ALICE, BOB]);
        typists.note(RoomId(1), BOB, false, || ());
        assert_eq!(typists_of(&typists, 1), [ALICE]);
        assert_eq!(typists_of(&typists, 3), []);
    }

    #[test]
    fn decision_19_a_state_that_was_published_is_not_published_again() {
        let typists = Typists::default();
        let published = [true, true, false, false, true]
            .map(|typing| typists.note(RoomId(1), ALICE, typing, || ()).is_some());
        assert_eq!(published, [true, false, true, false, true]);
    }
}
