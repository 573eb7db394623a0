//! How many failed tries there may be (decision 30, S04): the rule alone, without a store and without a clock.
//!
//! A try is counted before its password is compared, and given back if the password was right; so a thousand guesses at
//! once are no more than ten. Ten failed tries within a quarter of an hour lock a budget for as long, and each lock that
//! follows lasts twice as long as the one before. A day without a lock, and it begins anew.

use std::{mem, time::Duration};

use colloquy_contracts::Timestamp;
use serde::{Deserialize, Serialize};

/// Every number of the rule.
#[derive(Clone, Copy, Debug)]
pub struct GuessLimits {
    /// For each budget of an account: of strangers, of a known address, of a known device.
    pub account: Limit,
    /// For each client address, over all accounts.
    pub address: Limit,
    /// How long an address or a device with a success has a budget of its own. Devices forget after 30 days at the
    /// latest.
    pub known_for: Duration,
}

/// The size of a budget.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Failed tries.
    pub tries: usize,
    /// Within this time. It is also how long the first lock lasts.
    pub within: Duration,
    /// Locks grow no longer than this.
    pub longest_lock: Duration,
}

impl Limit {
    /// How long a lock lasts after so many others, in milliseconds.
    fn lock(&self, earlier: u32) -> i64 {
        let doubled = 2_i64.saturating_pow(earlier);
        let lock = millis(self.within).saturating_mul(doubled);
        lock.min(millis(self.longest_lock))
    }
}

const MINUTE: u64 = 60;
const DAY: u64 = 24 * 60 * MINUTE;

impl Default for GuessLimits {
    fn default() -> Self {
        let within = Duration::from_secs(15 * MINUTE);
        Self {
            account: Limit {
                tries: 10,
                within,
                longest_lock: Duration::from_secs(DAY),
            },
            address: Limit {
                tries: 100,
                within,
                longest_lock: within,
            },
            known_for: Duration::from_secs(30 * DAY),
        }
    }
}

/// A try whose outcome is not told for so long, because its process ended, has failed.
const ABANDONED: Duration = Duration::from_secs(30);
/// A budget that was not locked for so long is as it was in the beginning.
const FORGIVEN: Duration = Duration::from_secs(DAY);

/// Whether a try may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may, and is counted.
    Admitted,
    /// The outcome of other tries decides: ask again when there is one.
    Undecided,
    /// Not before then.
    Locked(Timestamp),
}

/// How a try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It counts.
    Failed,
    /// The password was right, or could not be compared: it does not count.
    GivenBack,
}

/// What is left of a budget. Times are milliseconds since the epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Budget {
    failed: Vec<i64>,
    pending: Vec<i64>,
    locks: u32,
    locked_until: i64,
}

impl Budget {
    /// Takes back what a clock has left that was ahead: nothing was counted later than now, and no lock lasts longer than
    /// one that begins now (decision 39). Says whether there was any such thing.
    pub fn set_right(&mut self, limit: &Limit, now: Timestamp) -> bool {
        let (before, now) = (self.clone(), now.millis());
        self.failed.iter_mut().for_each(|at| *at = now.min(*at));
        for at in &mut self.pending {
            // One that was admitted a moment before the clock was set back still learns how it ends.
            if *at > now + millis(ABANDONED) {
                *at = now;
            }
        }
        let longest = limit.lock(self.locks.saturating_sub(1));
        self.locked_until = self.locked_until.min(now + longest);
        *self != before
    }

    /// Counts a try, if it may be made.
    #[must_use]
    pub fn admit(&mut self, limit: &Limit, now: Timestamp) -> Admission {
        let now = now.millis();
        self.age(limit, now);
        if now < self.locked_until {
            return Admission::Locked(Timestamp::from_millis(self.locked_until));
        }
        if self.failed.len() + self.pending.len() >= limit.tries {
            return Admission::Undecided;
        }
        self.pending.push(now);
        Admission::Admitted
    }

    /// The try that was admitted then has ended.
    pub fn settle(
        &mut self,
        limit: &Limit,
        admitted_at: Timestamp,
        outcome: Outcome,
        now: Timestamp,
    ) {
        self.age(limit, now.millis());
        let admitted_at = admitted_at.millis();
        let Some(place) = self.pending.iter().position(|at| *at == admitted_at) else {
            return;
        };
        self.pending.swap_remove(place);
        if outcome == Outcome::Failed {
            self.fail(limit, now.millis());
        }
    }

    /// From then on the budget is as it was in the beginning.
    #[must_use]
    pub fn forgotten_at(&self, limit: &Limit) -> Timestamp {
        let lock = (self.locks > 0).then(|| self.locked_until + millis(FORGIVEN));
        let failed = self.failed.iter().map(|at| at + millis(limit.within));
        let pending = self
            .pending
            .iter()
            .map(|at| at + millis(ABANDONED) + millis(limit.longest_lock) + millis(FORGIVEN));
        let last = lock.into_iter().chain(failed).chain(pending).max();
        Timestamp::from_millis(last.unwrap_or_default())
    }

    fn age(&mut self, limit: &Limit, now: i64) {
        let (abandoned, pending) = mem::take(&mut self.pending)
            .into_iter()
            .partition(|at| at + millis(ABANDONED) <= now);
        self.pending = pending;
        let abandoned: Vec<i64> = abandoned;
        for at in abandoned {
            self.fail(limit, at);
        }
        self.failed.retain(|at| at + millis(limit.within) > now);
        if self.locks > 0 && self.locked_until + millis(FORGIVEN) <= now {
            self.locks = 0;
        }
    }

    fn fail(&mut self, limit: &Limit, at: i64) {
        self.failed
            .retain(|earlier| earlier + millis(limit.within) > at);
        self.failed.push(at);
        if self.failed.len() >= limit.tries {
            self.locked_until = at + limit.lock(self.locks);
            self.locks += 1;
            self.failed.clear();
        }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000 + millis)
    }

    fn limit() -> Limit {
        GuessLimits::default().account
    }

    /// One wrong guess; what the budget said to it.
    fn guess(budget: &mut Budget, now: i64) -> Admission {
        let admission = budget.admit(&limit(), at(now));
        if admission == Admission::Admitted {
            budget.settle(&limit(), at(now), Outcome::Failed, at(now));
        }
        admission
    }

    #[test]
    fn decision_30_ten_tries_then_locks_of_15_30_60_minutes_and_never_over_a_day() {
        let (mut budget, mut now, mut lengths) = (Budget::default(), 0, Vec::new());
        for _ in 0..9 {
            for _ in 0..10 {
                assert_eq!(guess(&mut budget, now), Admission::Admitted);
            }
            let Admission::Locked(until) = guess(&mut budget, now) else {
                panic!("the eleventh try was admitted");
            };
            assert_eq!(
                guess(&mut budget, until.millis() - at(0).millis() - 1),
                Admission::Locked(until)
            );
            lengths.push((until.millis() - at(now).millis()) / MINUTE);
            now = until.millis() - at(0).millis();
        }
        assert_eq!(lengths, [15, 30, 60, 120, 240, 480, 960, 1440, 1440]);
    }

    #[test]
    fn b05_a_lock_of_a_clock_that_was_ahead_lasts_no_longer_than_one_of_now() {
        let day = 24 * 60 * MINUTE;
        let (mut budget, ahead) = (Budget::default(), 30 * day);
        for _ in 0..10 {
            assert_eq!(guess(&mut budget, ahead), Admission::Admitted);
        }
        assert!(!budget.set_right(&limit(), at(ahead)), "nothing is wrong");
        assert!(budget.set_right(&limit(), at(0)));
        let lock = Admission::Locked(at(15 * MINUTE));
        assert_eq!(budget.clone().admit(&limit(), at(0)), lock);
        assert!(!budget.set_right(&limit(), at(1)), "once is enough");
        assert_eq!(budget.clone().admit(&limit(), at(1)), lock);
        assert_eq!(guess(&mut budget, 15 * MINUTE), Admission::Admitted);
        assert!(budget.forgotten_at(&limit()) < at(2 * day));
    }

    #[test]
    fn b05_tries_of_a_clock_that_was_ahead_count_as_those_of_now() {
        let (mut budget, hour) = (Budget::default(), 60 * MINUTE);
        for _ in 0..8 {
            assert_eq!(guess(&mut budget, hour), Admission::Admitted);
        }
        assert_eq!(budget.admit(&limit(), at(hour)), Admission::Admitted);
        assert!(budget.set_right(&limit(), at(0)));
        assert_eq!(guess(&mut budget, 0), Admission::Admitted);
        let lock = Admission::Locked(at(15 * MINUTE));
        assert_eq!(guess(&mut budget, 30_000), lock, "the tenth was abandoned");
        assert_eq!(guess(&mut budget, 15 * MINUTE), Admission::Admitted);
    }

    #[test]
    fn s04_no_quarter_of_an_hour_holds_more_than_ten_failed_tries() {
        // As fast as possible, and in every slower rhythm.
        for rhythm in [1_000, 30_000, 89_999, 90_000, 90_001, 100_000, 500_000] {
            let (mut budget, mut made) = (Budget::default(), Vec::new());
            for turn in 0..2_000 {
                let now = turn * rhythm;
                if guess(&mut budget, now) == Admission::Admitted {
                    made.push(now);
                }
            }
            for window in made.windows(11) {
                assert!(window[10] - window[0] >= 15 * MINUTE, "rhythm {rhythm}");
            }
        }
    }

    #[test]
    fn decision_30_right_logins_never_count() {
        let mut budget = Budget::default();
        for now in 0..1_000 {
            assert_eq!(budget.admit(&limit(), at(now)), Admission::Admitted);
            budget.settle(&limit(), at(now), Outcome::GivenBack, at(now));
        }
        assert_eq!(budget, Budget::default());
    }

    #[test]
    fn s04_tries_that_are_not_decided_yet_are_ten_at_most() {
        let mut budget = Budget::default();
        for _ in 0..10 {
            assert_eq!(budget.admit(&limit(), at(0)), Admission::Admitted);
        }
        assert_eq!(budget.admit(&limit(), at(1)), Admission::Undecided);
        budget.settle(&limit(), at(0), Outcome::GivenBack, at(2));
        assert_eq!(budget.admit(&limit(), at(3)), Admission::Admitted);
    }

    #[test]
    fn s04_a_try_whose_process_died_has_failed() {
        let mut budget = Budget::default();
        for _ in 0..10 {
            assert_eq!(budget.admit(&limit(), at(0)), Admission::Admitted);
        }
        let later = budget.admit(&limit(), at(30_000));
        assert_eq!(later, Admission::Locked(at(15 * MINUTE)));
        budget.settle(&limit(), at(0), Outcome::GivenBack, at(30_001));
        assert_eq!(budget.admit(&limit(), at(30_002)), later, "told too late");
    }

    #[test]
    fn decision_30_failed_tries_are_forgotten_one_by_one_and_locks_after_a_day() {
        let mut budget = Budget::default();
        for now in 0..9 {
            guess(&mut budget, now * MINUTE);
        }
        assert_eq!(guess(&mut budget, 16 * MINUTE), Admission::Admitted);
        assert_eq!(guess(&mut budget, 16 * MINUTE), Admission::Admitted);
        assert_eq!(guess(&mut budget, 16 * MINUTE), Admission::Admitted);
        let Admission::Locked(until) = guess(&mut budget, 16 * MINUTE) else {
            panic!("seven of the last quarter of an hour, and three");
        };
        let day = 24 * 60 * MINUTE;
        assert_eq!(budget.forgotten_at(&limit()).millis(), until.millis() + day);
        let now = until.millis() - at(0).millis() + day;
        assert_eq!(budget.admit(&limit(), at(now)), Admission::Admitted);
        assert_eq!(budget.locks, 0);
    }
}
