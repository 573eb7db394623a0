//! How often one caller may search (decision 29): names and numbers are not to be collected.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use colloquy_contracts::{CustomerId, Timestamp};
use colloquy_rate_limit::wait_seconds;

const WINDOW_MILLIS: i64 = 60_000;
/// With so many buckets, the full ones are forgotten: a full bucket and none are the same.
const MANY: usize = 10_000;

/// A token bucket for each caller: so many searches at once, and as many more a minute. Each instance of the service
/// counts for itself.
#[derive(Debug)]
pub struct SearchLimits {
    /// A bucket gains one search in this time.
    interval_millis: i64,
    /// When each caller's bucket will be full again, in milliseconds since 1970.
    full_at: Mutex<HashMap<CustomerId, i64>>,
}

impl SearchLimits {
    /// Buckets of that many searches a minute; from 60,000 on there is no limit.
    #[must_use]
    pub fn new(searches_per_minute: u32) -> Self {
        Self {
            interval_millis: WINDOW_MILLIS / i64::from(searches_per_minute.max(1)),
            full_at: Mutex::default(),
        }
    }

    /// Takes one search out of this caller's bucket.
    ///
    /// # Errors
    /// There is none; there is one again after so many seconds.
    pub fn try_acquire(&self, caller: CustomerId, now: Timestamp) -> Result<(), u32> {
        let now = now.millis();
        let mut buckets = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MANY {
            buckets.retain(|_, full_at| *full_at > now);
        }
        let full_at = buckets.entry(caller).or_insert(now);
        // A clock that was set back must keep no caller waiting for longer than an empty bucket does.
        *full_at = (*full_at).clamp(now, now + WINDOW_MILLIS);
        let until = *full_at + self.interval_millis - WINDOW_MILLIS;
        if until > now {
            let [until, now] = [until, now].map(Timestamp::from_millis);
            return Err(wait_seconds(until, now));
        }
        *full_at += self.interval_millis;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AN: CustomerId = CustomerId(1);
    const BINH: CustomerId = CustomerId(2);

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000 + millis)
    }

    fn granted(limits: &SearchLimits, now: i64, tries: usize) -> usize {
        (0..tries)
            .filter(|_| limits.try_acquire(AN, at(now)).is_ok())
            .count()
    }

    #[test]
    fn decision_29_a_caller_has_thirty_searches_a_minute() {
        let limits = SearchLimits::new(30);
        assert_eq!(granted(&limits, 0, 40), 30);
        assert_eq!(limits.try_acquire(BINH, at(0)), Ok(()));
        assert_eq!(limits.try_acquire(AN, at(0)), Err(2));
        assert_eq!(granted(&limits, 1_999, 5), 0);
        assert_eq!(granted(&limits, 2_000, 5), 1);
        assert_eq!(granted(&limits, 62_000, 40), 30);
    }

    #[test]
    fn a_clock_that_was_set_back_locks_no_caller_out() {
        let limits = SearchLimits::new(30);
        assert_eq!(granted(&limits, 3_600_000, 30), 30);
        assert_eq!(granted(&limits, 0, 5), 0);
        assert_eq!(granted(&limits, 2_000, 5), 1);
    }

    #[test]
    fn buckets_that_are_full_again_are_forgotten() {
        let limits = SearchLimits::new(30);
        for id in 0..10_000 {
            assert_eq!(limits.try_acquire(CustomerId(id), at(0)), Ok(()));
        }
        assert_eq!(limits.try_acquire(CustomerId(10_000), at(60_000)), Ok(()));
        assert_eq!(limits.full_at.lock().unwrap().len(), 1);
    }
}
