//! Counts what one subscriber saw of one room: holes, repeats, and messages that came late.

use std::collections::BTreeSet;

/// The seqs of one room as they arrived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeqWatch {
    received: BTreeSet<i64>,
    /// How often a seq came that had come before.
    pub repeats: u64,
    /// How often a seq came after a higher one.
    pub misordered: u64,
}

impl SeqWatch {
    /// Takes note of one message.
    pub fn observe(&mut self, seq: i64) {
        if self.received.last().is_some_and(|last| *last > seq) {
            self.misordered += 1;
        }
        if !self.received.insert(seq) {
            self.repeats += 1;
        }
    }

    /// How many different messages came.
    #[must_use]
    pub fn count(&self) -> usize {
        self.received.len()
    }

    /// The highest seq so far; 0 before the first.
    #[must_use]
    pub fn highest(&self) -> i64 {
        self.received.last().copied().unwrap_or_default()
    }

    /// The seqs between the lowest and the highest that never came.
    #[must_use]
    pub fn gaps(&self) -> Vec<i64> {
        let lowest = self.received.first().copied().unwrap_or_default();
        (lowest..self.highest())
            .filter(|seq| !self.received.contains(seq))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_repeats_and_late_ones_are_distinct() {
        let mut watch = SeqWatch::default();
        for seq in [3, 4, 7, 5, 5] {
            watch.observe(seq);
        }
        assert_eq!(watch.gaps(), [6]);
        assert_eq!((watch.repeats, watch.misordered), (1, 2));
        assert_eq!((watch.count(), watch.highest()), (4, 7));
    }
}
