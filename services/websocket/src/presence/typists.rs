//! Who is typing, as this node's subscribers know it. What is noted and those who hear of it change together, so that a new
//! subscriber hears of every typist once, and of the end after the beginning.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use colloquy_contracts::{CustomerId, RoomId};

/// The typists of all rooms: few at any moment.
#[derive(Debug, Default)]
pub struct Typists(Mutex<HashSet<(RoomId, CustomerId)>>);

impl Typists {
    /// Notes that a customer types or no longer does, and publishes it if that is news. At first none does.
    pub fn note<P>(
        &self,
        room: RoomId,
        customer: CustomerId,
        typing: bool,
        publish: impl FnOnce() -> P,
    ) -> Option<P> {
        let mut typists = self.lock();
        let is_news = if typing {
            typists.insert((room, customer))
        } else {
            typists.remove(&(room, customer))
        };
        is_news.then(publish)
    }

    /// Lets a subscriber of a room begin with those who type in it. Nothing is published meanwhile.
    pub fn meet(&self, room: RoomId, begin: impl FnOnce(&[CustomerId])) {
        let typists = self.lock();
        let in_room: Vec<_> = typists
            .iter()
            .filter_map(|(typing_in, customer)| (*typing_in == room).then_some(*customer))
            .collect();
        begin(&in_room);
    }

    /// All of them.
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

    /// Whom a new subscriber of a room hears of.
    fn met(typists: &Typists, room: i64) -> Vec<CustomerId> {
        let mut met = Vec::new();
        typists.meet(RoomId(room), |in_room| met.extend(in_room));
        met.sort_unstable();
        met
    }

    #[test]
    fn b21_stomp_s13_a_subscriber_meets_those_who_type_in_its_room_now() {
        let typists = Typists::default();
        for (room, customer) in [(1, ALICE), (1, BOB), (2, ALICE)] {
            assert_eq!(typists.note(RoomId(room), customer, true, || ()), Some(()));
        }
        assert_eq!(met(&typists, 1), [ALICE, BOB]);
        typists.note(RoomId(1), BOB, false, || ());
        assert_eq!(met(&typists, 1), [ALICE]);
        assert_eq!(met(&typists, 3), []);
    }

    #[test]
    fn decision_19_what_is_known_is_not_published_again() {
        let typists = Typists::default();
        let published = [true, true, false, false, true]
            .map(|typing| typists.note(RoomId(1), ALICE, typing, || ()).is_some());
        assert_eq!(published, [true, false, true, false, true]);
    }
}
