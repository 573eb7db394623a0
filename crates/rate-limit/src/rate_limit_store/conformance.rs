//! What every [`RateLimitStore`] promises. Each function takes a fresh, empty store.

#![expect(
    clippy::unwrap_used,
    reason = "a suite of tests, though it is no test itself"
)]

mod lockouts;
mod windows;

use std::{sync::Arc, time::Duration};

use colloquy_contracts::Timestamp;
use tokio::task::JoinSet;

use super::{Decision, Permit, RateLimit, RateLimitStore};
use crate::Policy;

pub use self::{lockouts::*, windows::*};

/// Makes one test of each promise; `$fresh` is an expression that answers a guard and an empty `Arc<dyn RateLimitStore>`.
#[macro_export]
macro_rules! rate_limit_store_conformance {
    ($fresh:expr) => {
        $crate::rate_limit_store_conformance!(@cases $fresh;
            s04_failed_tries_are_counted_and_lock
            b05_a_lock_of_a_clock_that_was_ahead_ends
            decision_30_limits_do_not_touch_each_other
            decision_30_a_use_counts_for_all_of_its_limits_or_for_none
            s04_of_many_tries_at_once_no_more_are_admitted_than_the_limit
            decision_30_what_is_given_back_at_once_is_there_again
            b08_the_limits_of_an_account_are_lifted_together_and_no_others
            decision_15_what_is_as_in_the_beginning_is_swept_and_locks_are_not
            decision_30_every_limit_of_a_use_holds_in_any_stretch_of_time
            decision_30_a_refusal_says_how_long_to_wait
            decision_30_many_at_once_get_no_more_than_there_is
            b09_of_a_hundred_at_once_fifty_are_granted
            decision_30_what_is_given_back_can_be_used_again
            decision_15_limits_are_forgotten_when_nothing_of_them_is_used
        );
    };
    (@cases $fresh:expr; $($case:ident)*) => {
        $(
            #[tokio::test]
            async fn $case() {
                let (_guard, store) = $fresh.await;
                $crate::rate_limit_store::conformance::$case(store).await;
            }
        )*
    };
}

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + millis)
}

/// A use that there is.
async fn acquire(store: &dyn RateLimitStore, limits: &[RateLimit], now: i64) -> Permit {
    let decision = store.try_acquire(limits, at(now)).await.unwrap();
    assert_eq!(decision, Decision::Acquired(Permit::new(limits, at(now))));
    decision.permit().unwrap()
}

/// How many of so many callers that ask at once are granted a use.
async fn granted_at_once(
    store: Arc<dyn RateLimitStore>,
    limit: RateLimit,
    callers: usize,
) -> usize {
    let mut asking = JoinSet::new();
    for _ in 0..callers {
        let (store, limit) = (Arc::clone(&store), limit.clone());
        asking.spawn(async move { store.try_acquire(&[limit], at(0)).await.unwrap() });
    }
    let decisions = asking.join_all().await;
    decisions.into_iter().filter_map(Decision::permit).count()
}

fn window(whose: &str, uses: usize, seconds: u64) -> RateLimit {
    let within = Duration::from_secs(seconds);
    RateLimit::new(&["tests", whose], Policy::SlidingWindow { uses, within })
}
