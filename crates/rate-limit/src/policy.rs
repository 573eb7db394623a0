//! The sizes of limits.

use std::time::Duration;

use colloquy_contracts::Timestamp;

/// How many uses there may be, and when there may be more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// At most so many uses in any stretch of time of this length. The next one is refused until the oldest is out of it.
    SlidingWindow {
        /// Uses.
        uses: usize,
        /// The length of the stretch.
        within: Duration,
    },
    /// Attempts count when they have failed, and too many of them lock.
    Lockout(Lockout),
}

/// So many failed attempts within so long lock for as long, and each lock that follows lasts twice as long as the one
/// before. A day without a lock, and it begins anew.
///
/// An attempt is counted before its outcome is known, so a thousand at once are no more than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lockout {
    /// Failed attempts that lock.
    pub attempts: usize,
    /// Within this time. It is also how long the first lock lasts.
    pub within: Duration,
    /// Locks grow no longer than this.
    pub longest_lock: Duration,
}

impl Policy {
    pub(crate) fn within_millis(&self) -> i64 {
        millis(match self {
            Self::SlidingWindow { within, .. } => *within,
            Self::Lockout(lockout) => lockout.within,
        })
    }

    pub(crate) fn lockout(&self) -> Option<&Lockout> {
        match self {
            Self::SlidingWindow { .. } => None,
            Self::Lockout(lockout) => Some(lockout),
        }
    }
}

impl Lockout {
    /// How long a lock lasts after so many others, in milliseconds.
    pub(crate) fn lock_millis(&self, earlier: u32) -> i64 {
        let doubled = 2_i64.saturating_pow(earlier);
        let lock = millis(self.within).saturating_mul(doubled);
        lock.min(millis(self.longest_lock))
    }
}

/// How long the caller has to wait: in whole seconds, rounded up, and one at the least.
#[must_use]
pub fn wait_seconds(until: Timestamp, now: Timestamp) -> u32 {
    let millis = until.millis().saturating_sub(now.millis()).max(1);
    u32::try_from(millis.unsigned_abs().div_ceil(1000)).unwrap_or(u32::MAX)
}

pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contract_3_retry_after_is_whole_seconds_rounded_up() {
        for (millis, expected) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (900_000, 900)] {
            let until = Timestamp::from_millis(millis);
            let seconds = wait_seconds(until, Timestamp::from_millis(0));
            assert_eq!(seconds, expected, "{millis}");
        }
    }
}
