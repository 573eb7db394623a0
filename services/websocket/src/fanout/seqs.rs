//! Which messages of a room this node has already pushed (decision 17).

use colloquy_contracts::{RoomId, Seq};

use super::recent::Recent;

/// Runs remembered for a room. With more holes than that the oldest run is forgotten: rather a repeat, which clients
/// drop by seq, than a loss.
const MAX_RUNS: usize = 64;

/// How a seq relates to those that this node has pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// The next one, or the first of its room.
    InOrder,
    /// Seqs between it and the last are missing so far.
    AfterHole,
    /// A seq that was missing.
    Late,
    /// A seq that was pushed before.
    Repeat,
}

/// The seqs that were pushed, by room. Of a room that is forgotten a repeat is pushed again; nothing is lost.
#[derive(Debug)]
pub struct Seqs(Recent<RoomId, Vec<Run>>);

/// Seqs without a gap, both ends included. A room's runs are ascending and never touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    first: i64,
    last: i64,
}

impl Seqs {
    /// Remembers so many rooms.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self(Recent::new(capacity))
    }

    /// Notes a seq, and answers how it arrives. Only a repeat may be dropped.
    pub fn note(&mut self, room: RoomId, Seq(seq): Seq) -> Arrival {
        let runs = self.0.get_or_insert(room);
        let behind = runs.partition_point(|run| run.last < seq);
        if runs.get(behind).is_some_and(|run| run.first <= seq) {
            return Arrival::Repeat;
        }
        let arrival = match runs.last() {
            None => Arrival::InOrder,
            Some(newest) if newest.last == seq - 1 => Arrival::InOrder,
            Some(newest) if newest.last < seq => Arrival::AfterHole,
            Some(_) => Arrival::Late,
        };
        insert(runs, behind, seq);
        arrival
    }

    /// Forgets a room: the next seq of it is as the first.
    pub fn forget(&mut self, room: RoomId) {
        self.0.forget(&room);
    }
}

/// Adds a seq that lies before the run at `behind` and after the one before it.
fn insert(runs: &mut Vec<Run>, behind: usize, seq: i64) {
    let new = Run {
        first: seq,
        last: seq,
    };
    runs.insert(behind, new);
    runs.dedup_by(|next, run| {
        let touch = run.last + 1 == next.first;
        if touch {
            run.last = next.last;
        }
        touch
    });
    if runs.len() > MAX_RUNS {
        runs.remove(0);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const ROOM: RoomId = RoomId(1);

    fn arrivals(seqs: &[i64]) -> Vec<Arrival> {
        let mut pushed = Seqs::new(100);
        seqs.iter()
            .map(|seq| pushed.note(ROOM, Seq(*seq)))
            .collect()
    }

    #[test]
    fn decision_17_a_repeat_is_known_and_a_hole_is_noticed_and_filled_late() {
        use Arrival::{AfterHole, InOrder, Late, Repeat};
        assert_eq!(
            arrivals(&[7, 8, 8, 7, 11, 10, 10, 9, 9, 12, 6, 6]),
            [
                InOrder, InOrder, Repeat, Repeat, AfterHole, Late, Repeat, Late, Repeat, InOrder,
                Late, Repeat
            ]
        );
    }

    #[test]
    fn decision_17_rooms_are_counted_apart() {
        let mut pushed = Seqs::new(100);
        assert_eq!(pushed.note(ROOM, Seq(1)), Arrival::InOrder);
        assert_eq!(pushed.note(RoomId(2), Seq(1)), Arrival::InOrder);
        assert_eq!(pushed.note(ROOM, Seq(1)), Arrival::Repeat);
    }

    #[test]
    fn decision_17_a_room_with_endless_holes_takes_bounded_memory_and_loses_nothing() {
        let mut pushed = Seqs::new(100);
        for seq in (1..=1_000).map(|n| n * 2) {
            assert_ne!(pushed.note(ROOM, Seq(seq)), Arrival::Repeat);
        }
        assert_eq!(pushed.0.get_or_insert(ROOM).len(), MAX_RUNS);
    }

    #[test]
    fn decision_17_a_forgotten_room_costs_a_repeat_and_loses_nothing() {
        let mut pushed = Seqs(Recent::new(2));
        for room in 1..=3 {
            assert_eq!(pushed.note(RoomId(room), Seq(1)), Arrival::InOrder);
        }
        assert_eq!(pushed.note(RoomId(1), Seq(1)), Arrival::InOrder);
        assert_eq!(pushed.note(RoomId(1), Seq(1)), Arrival::Repeat);
        assert_eq!(pushed.note(RoomId(1), Seq(2)), Arrival::InOrder);
    }

    proptest! {
        #[test]
        fn decision_17_every_seq_is_pushed_exactly_once_in_whatever_order_they_come(
            seqs in prop::collection::vec(1_i64..100, 0..300)
        ) {
            let pushed: Vec<i64> = seqs
                .iter()
                .zip(arrivals(&seqs))
                .filter(|(_, arrival)| *arrival != Arrival::Repeat)
                .map(|(seq, _)| *seq)
                .collect();
            let distinct: BTreeSet<i64> = seqs.iter().copied().collect();

            prop_assert_eq!(pushed.len(), distinct.len());
            prop_assert_eq!(pushed.into_iter().collect::<BTreeSet<_>>(), distinct);
        }
    }
}
