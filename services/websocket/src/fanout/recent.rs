//! A map of bounded size that forgets the keys used longest ago.

use std::{collections::HashMap, hash::Hash, mem};

/// Keys that a node remembers of each kind. Forgetting one costs at most a repeat, which clients drop.
pub const CAPACITY: usize = 100_000;

/// A value by key, in two generations: when the young one is full the old one is forgotten, and the young one is old.
/// A key that is used becomes young again, so at least the last half of the capacity is remembered.
#[derive(Debug)]
pub struct Recent<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    generation: usize,
}

impl<K: Copy + Eq + Hash, V: Default> Recent<K, V> {
    /// Remembers at most `capacity` keys.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
            generation: (capacity / 2).max(1),
        }
    }

    /// The value of a key. This does not count as a use.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    /// The value of a key; the default if there is none.
    pub fn get_or_insert(&mut self, key: K) -> &mut V {
        if !self.young.contains_key(&key) {
            // Before the generations change, which would forget it.
            let value = self.old.remove(&key).unwrap_or_default();
            if self.young.len() >= self.generation {
                self.old = mem::take(&mut self.young);
            }
            self.young.insert(key, value);
        }
        self.young.entry(key).or_default()
    }

    /// Forgets a key.
    pub fn forget(&mut self, key: &K) {
        self.young.remove(key);
        self.old.remove(key);
    }
}

impl<K: Copy + Eq + Hash, V: Default> Default for Recent<K, V> {
    fn default() -> Self {
        Self::new(CAPACITY)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use colloquy_contracts::RoomId;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decision_17_no_number_of_rooms_takes_more_memory_than_the_capacity() {
        let mut recent = Recent::new(100);
        for room in 0..10_000 {
            *recent.get_or_insert(RoomId(room)) = room;
            assert!(recent.young.len() + recent.old.len() <= 100);
        }
        // The first of them is old when the young are full: its use makes it young and the others old.
        for room in [9_900].into_iter().chain(9_950..10_000) {
            assert_eq!(*recent.get_or_insert(RoomId(room)), room);
        }
        assert_eq!(*recent.get_or_insert(RoomId(0)), 0, "the default");
    }

    proptest! {
        #[test]
        fn decision_17_only_rooms_used_before_half_the_capacity_of_others_are_forgotten(
            uses in prop::collection::vec(0..20_i64, 0..300)
        ) {
            let mut recent: Recent<RoomId, Option<usize>> = Recent::new(10);
            for (now, &room) in uses.iter().enumerate() {
                let known = recent.get_or_insert(RoomId(room)).replace(now);
                let last = uses[..now].iter().rposition(|&used| used == room);
                let since = last.map_or(&[][..], |last| &uses[last + 1..now]);
                let others: HashSet<_> = since.iter().collect();
                if others.len() < 5 || known.is_some() {
                    prop_assert_eq!(known, last);
                }
            }
        }
    }
}
