//! Promises of sliding windows.

use std::sync::Arc;

use super::{HOUR, SECOND, acquire, at, granted_at_once, window};
use crate::{Decision, RateLimit, RateLimitStore};

fn three_an_hour(whose: &str) -> RateLimit {
    window(whose, 3, 3600)
}

/// Until when a use that is refused has to wait, in milliseconds.
async fn refused(store: &dyn RateLimitStore, limit: &RateLimit, now: i64) -> Option<i64> {
    let limits = std::slice::from_ref(limit);
    match store.try_acquire(limits, at(now)).await.unwrap() {
        Decision::Acquired(_) => None,
        Decision::Refused(until) => Some(until.millis() - at(0).millis()),
        Decision::Undecided => panic!("a window decides at once"),
    }
}

/// And for another caller there is as much.
pub async fn decision_30_a_refusal_says_how_long_to_wait(store: Arc<dyn RateLimitStore>) {
    let limit = three_an_hour("an");
    for (now, expected) in [
        (0, None),
        (SECOND, None),
        (2 * SECOND, None),
        (2 * SECOND, Some(HOUR)),
        (HOUR - SECOND, Some(HOUR)),
        (HOUR, None),
        (HOUR, Some(HOUR + SECOND)),
    ] {
        let until = refused(&*store, &limit, now).await;
        assert_eq!(until, expected, "{now}");
    }
    let other = three_an_hour("binh");
    assert_eq!(refused(&*store, &other, HOUR).await, None);
}

/// A use that one of them refuses counts for none.
pub async fn decision_30_every_limit_of_a_use_holds_in_any_stretch_of_time(
    store: Arc<dyn RateLimitStore>,
) {
    let limits = [window("a minute", 1, 60), three_an_hour("an hour")];
    for (second, wait) in [
        (0, None),
        (0, Some(60)),
        (59, Some(1)),
        (60, None),
        (120, None),
        (180, Some(3420)),
        (3599, Some(1)),
        (3600, None),
        (3601, Some(59)),
    ] {
        let now = second * SECOND;
        let decision = store.try_acquire(&limits, at(now)).await.unwrap();
        let waited = match decision {
            Decision::Refused(until) => Some((until.millis() - at(now).millis()) / SECOND),
            _ => None,
        };
        assert_eq!(waited, wait, "{second}");
    }
}

/// No caller is granted what another was granted.
pub async fn decision_30_many_at_once_get_no_more_than_there_is(store: Arc<dyn RateLimitStore>) {
    assert_eq!(granted_at_once(store, three_an_hour("an"), 5).await, 3);
}

/// In both stores, as many as wrong codes of an account in a day (decision 38).
pub async fn b09_of_a_hundred_at_once_fifty_are_granted(store: Arc<dyn RateLimitStore>) {
    let wrong_codes = window("an", 50, 24 * 3600);
    assert_eq!(granted_at_once(store, wrong_codes, 100).await, 50);
}

/// Any number of times; when nothing is used there is nothing to give back.
pub async fn decision_30_what_is_given_back_can_be_used_again(store: Arc<dyn RateLimitStore>) {
    let limit = [three_an_hour("an")];
    for now in 0..10 {
        let permit = acquire(&*store, &limit, now * SECOND).await;
        for _ in 0..2 {
            store.refund(&permit, at(now * SECOND)).await.unwrap();
        }
    }
    for expected in [None, None, None, Some(HOUR + 10 * SECOND)] {
        let until = refused(&*store, &limit[0], 10 * SECOND).await;
        assert_eq!(until, expected);
    }
}

/// However many there are; those of which something is used stay.
pub async fn decision_15_limits_are_forgotten_when_nothing_of_them_is_used(
    store: Arc<dyn RateLimitStore>,
) {
    let old: Vec<_> = (0..1001)
        .map(|nth| three_an_hour(&nth.to_string()))
        .collect();
    acquire(&*store, &old, 0).await;
    let young = three_an_hour("an");
    acquire(&*store, std::slice::from_ref(&young), 2 * SECOND).await;
    for (now, forgotten) in [(HOUR - 1, 0), (HOUR + SECOND, 1001), (HOUR + SECOND, 0)] {
        assert_eq!(store.sweep(at(now)).await.unwrap(), forgotten, "{now}");
    }
    for expected in [None, None, Some(HOUR + 2 * SECOND)] {
        let until = refused(&*store, &young, HOUR + SECOND).await;
        assert_eq!(until, expected);
    }
}
