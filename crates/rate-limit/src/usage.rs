//! What a limit has counted, and the rules of both policies: without a store and without a clock.

use std::{mem, time::Duration};

use colloquy_contracts::Timestamp;
use serde::{Deserialize, Serialize};

use crate::policy::{Lockout, Policy, millis};

/// An attempt whose outcome is not reported for so long, because its process ended, has failed.
const ABANDONED_AFTER: Duration = Duration::from_secs(30);
/// A limit that was not locked for so long is as it was in the beginning.
const FORGIVEN_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// Whether there is a use; of several verdicts the greatest is the strictest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// There is, and it is counted.
    Acquired,
    /// The outcome of other attempts decides.
    Undecided,
    /// Not before then.
    Refused(Timestamp),
}

/// How often a limit was used. Times are milliseconds since the epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Usage {
    /// Uses; of a lock-out the failed attempts since the latest lock. Oldest first.
    counted: Vec<i64>,
    /// Attempts of a lock-out that have no outcome yet.
    pending: Vec<i64>,
    locks: u32,
    locked_until: i64,
}

impl Usage {
    /// Takes back what a clock has left that was ahead: nothing was counted later than now, and no lock lasts longer than
    /// one that begins now (decision 39).
    pub fn set_right(&mut self, policy: &Policy, now: Timestamp) {
        let now = now.millis();
        self.counted.iter_mut().for_each(|at| *at = now.min(*at));
        for at in &mut self.pending {
            // One that was acquired a moment before the clock was set back still learns how it ends.
            if *at > now + millis(ABANDONED_AFTER) {
                *at = now;
            }
        }
        if let Some(lockout) = policy.lockout() {
            let longest = lockout.lock_millis(self.locks.saturating_sub(1));
            self.locked_until = self.locked_until.min(now + longest);
        }
    }

    /// Counts a use, if there is one.
    #[must_use]
    pub fn try_acquire(&mut self, policy: &Policy, now: Timestamp) -> Verdict {
        let now = now.millis();
        self.age(policy, now);
        match *policy {
            Policy::SlidingWindow { uses, .. } => {
                if let Some(over) = self.counted.len().checked_sub(uses) {
                    let freed_by = self.counted.get(over).copied().unwrap_or(now);
                    let until = freed_by + policy.within_millis();
                    return Verdict::Refused(Timestamp::from_millis(until));
                }
                self.counted.push(now);
            }
            Policy::Lockout(Lockout { attempts, .. }) => {
                if now < self.locked_until {
                    return Verdict::Refused(Timestamp::from_millis(self.locked_until));
                }
                if self.counted.len() + self.pending.len() >= attempts {
                    return Verdict::Undecided;
                }
                self.pending.push(now);
            }
        }
        Verdict::Acquired
    }

    /// The use that was acquired then does not count.
    pub fn refund(&mut self, policy: &Policy, acquired_at: Timestamp, now: Timestamp) {
        self.age(policy, now.millis());
        if policy.lockout().is_some() {
            self.take_pending(acquired_at);
            return;
        }
        // A clock that was set back has left it an earlier time.
        let mut counted = self.counted.iter();
        if let Some(at) = counted.rposition(|at| *at <= acquired_at.millis()) {
            self.counted.remove(at);
        }
    }

    /// The attempt that was acquired then has failed. A use of a sliding window counts already.
    pub fn fail(&mut self, policy: &Policy, acquired_at: Timestamp, now: Timestamp) {
        self.age(policy, now.millis());
        if let Some(lockout) = policy.lockout()
            && self.take_pending(acquired_at)
        {
            self.count_failure(lockout, now.millis());
        }
    }

    /// From then on the limit is as it was in the beginning.
    #[must_use]
    pub fn ends_at(&self, policy: &Policy) -> i64 {
        let counted = self.counted.iter().map(|at| at + policy.within_millis());
        let lock = (self.locks > 0).then(|| self.locked_until + millis(FORGIVEN_AFTER));
        let longest_lock = policy.lockout().map_or(0, |it| millis(it.longest_lock));
        let after_failure = millis(ABANDONED_AFTER) + longest_lock + millis(FORGIVEN_AFTER);
        let pending = self.pending.iter().map(|at| at + after_failure);
        counted.chain(lock).chain(pending).max().unwrap_or_default()
    }

    fn age(&mut self, policy: &Policy, now: i64) {
        if let Some(lockout) = policy.lockout() {
            let (abandoned, pending): (Vec<i64>, Vec<i64>) = mem::take(&mut self.pending)
                .into_iter()
                .partition(|at| at + millis(ABANDONED_AFTER) <= now);
            self.pending = pending;
            for at in abandoned {
                self.count_failure(lockout, at);
            }
            if self.locks > 0 && self.locked_until + millis(FORGIVEN_AFTER) <= now {
                self.locks = 0;
            }
        }
        let within = policy.within_millis();
        self.counted.retain(|at| at + within > now);
    }

    fn take_pending(&mut self, acquired_at: Timestamp) -> bool {
        let mut pending = self.pending.iter();
        let found = pending.position(|at| *at == acquired_at.millis());
        found.map(|at| self.pending.swap_remove(at)).is_some()
    }

    fn count_failure(&mut self, lockout: &Lockout, at: i64) {
        self.counted
            .retain(|earlier| earlier + millis(lockout.within) > at);
        self.counted.push(at);
        if self.counted.len() >= lockout.attempts {
            self.locked_until = at + lockout.lock_millis(self.locks);
            self.locks += 1;
            self.counted.clear();
        }
    }
}

#[cfg(test)]
mod tests;
