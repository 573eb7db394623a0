//! What is remembered of rooms or people, for as many of them as the bound allows: those used longest ago are forgotten.

use std::{collections::HashMap, hash::Hash, mem};

/// Rooms, or people, that a node remembers something of. Forgetting one costs at most a repeat, which clients drop.
pub const BOUND: usize = 100_000;

/// A value by key, in two generations: when the young one is full the old one is forgotten, and the young one is old.
/// Whatever is used becomes young again, so at least the last half of the bound is remembered.
#[derive(Debug)]
pub struct Recent<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    generation: usize,
}

impl<K: Copy + Eq + Hash, V: Default> Recent<K, V> {
    /// Remembers at most `bound` keys.
    #[must_use]
    pub fn new(bound: usize) -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
            generation: (bound / 2).max(1),
        }
    }

    /// What is remembered of a key, which does not count as a use.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    /// What is remembered of a key; the default if that is nothing.
    pub fn of(&mut self, key: K) -> &mut V {
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
}

impl<K: Copy + Eq + Hash, V: Default> Default for Recent<K, V> {
    fn default() -> Self {
        Self::new(BOUND)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use colloquy_contracts::RoomId;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decision_17_a_node_that_has_seen_any_number_of_rooms_remembers_no_more_than_the_bound() {
        let mut recent = Recent::new(100);
        for room in 0..10_000 {
            *recent.of(RoomId(room)) = room;
            assert!(recent.young.len() + recent.old.len() <= 100);
        }
        // The first of them is old when the young are full: its use makes it young and the others old.
        for room in [9_900].into_iter().chain(9_950..10_000) {
            assert_eq!(*recent.of(RoomId(room)), room);
        }
        assert_eq!(*recent.of(RoomId(0)), 0, "the default");
    }

    proptest! {
        #[test]
        fn decision_17_only_rooms_used_before_half_the_bound_of_others_are_forgotten(
            uses in prop::collection::vec(0..20_i64, 0..300)
        ) {
            let mut recent: Recent<RoomId, Option<usize>> = Recent::new(10);
            for (now, &room) in uses.iter().enumerate() {
                let known = recent.of(RoomId(room)).replace(now);
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
