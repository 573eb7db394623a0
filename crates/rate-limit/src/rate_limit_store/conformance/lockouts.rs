//! Promises of lock-outs.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinSet;

use super::{HOUR, MINUTE, acquire, at};
use crate::{Decision, Digest, Lockout, Policy, RateLimit, RateLimitStore};

fn lockout(key: &str, attempts: usize) -> RateLimit {
    let policy = Policy::Lockout(Lockout {
        attempts,
        within: Duration::from_secs(15 * 60),
        longest_lock: Duration::from_secs(24 * 60 * 60),
    });
    RateLimit::new(&[key], policy)
}

async fn fail(store: &dyn RateLimitStore, limits: &[RateLimit], now: i64) {
    let permit = acquire(store, limits, now).await;
    store.fail(&permit, at(now)).await.unwrap();
}

/// After no longer than it would have lasted by the right clock, however often it is asked for meanwhile; and the attempt
/// that is refused counts for no other limit.
pub async fn b05_a_lock_of_a_clock_that_was_ahead_ends(store: Arc<dyn RateLimitStore>) {
    let (one, free) = ([lockout("a", 10)], lockout("b", 10));
    let both = [one[0].clone(), free.clone()];
    let ahead = 30 * 24 * HOUR;
    for _ in 0..10 {
        fail(&*store, &one, ahead).await;
    }
    for now in [0, MINUTE, 14 * MINUTE] {
        let decision = store.try_acquire(&both, at(now)).await.unwrap();
        assert_eq!(decision, Decision::Refused(at(15 * MINUTE)), "{now}");
    }
    acquire(&*store, &both, 15 * MINUTE).await;
    for _ in 0..9 {
        fail(&*store, std::slice::from_ref(&free), 15 * MINUTE).await;
    }
}

/// The store keeps between calls what the rule makes of a limit.
pub async fn s04_failed_tries_are_counted_and_lock(store: Arc<dyn RateLimitStore>) {
    let limits = [lockout("a", 2)];
    fail(&*store, &limits, 0).await;
    fail(&*store, &limits, 1).await;
    let locked = Decision::Refused(at(1 + 15 * MINUTE));
    let third = store.try_acquire(&limits, at(2)).await.unwrap();
    assert_eq!(third, locked);
    fail(&*store, &limits, 1 + 15 * MINUTE).await;
    fail(&*store, &limits, 2 + 15 * MINUTE).await;
    let locked = Decision::Refused(at(2 + 45 * MINUTE));
    let again = store.try_acquire(&limits, at(3 + 15 * MINUTE)).await;
    assert_eq!(
        again.unwrap(),
        locked,
        "the second lock lasts twice as long"
    );
}

/// Every one of them, also while an attempt of one has no outcome yet.
pub async fn b08_the_limits_of_an_account_are_lifted_together_and_no_others(
    store: Arc<dyn RateLimitStore>,
) {
    let of = |account: &str, key: &str| RateLimit {
        owner: Some(Digest::of(&[account])),
        ..lockout(key, 1)
    };
    let home = [of("an", "home"), lockout("all accounts", 9)];
    let strangers = [of("an", "strangers")];
    let others = [of("binh", "others")];
    for limits in [&home[..], &strangers, &others] {
        fail(&*store, limits, 0).await;
    }
    let undecided = [of("an", "elsewhere")];
    let late = acquire(&*store, &undecided, 1).await;
    store.reset(&Digest::of(&["an"])).await.unwrap();
    store.fail(&late, at(2)).await.unwrap();
    for limits in [&home[..], &strangers, &undecided] {
        acquire(&*store, limits, 3).await;
    }
    let locked = store.try_acquire(&others, at(3)).await.unwrap();
    assert_eq!(locked, Decision::Refused(at(15 * MINUTE)));
    // Of this address one attempt has failed, one has no outcome yet.
    let left = [lockout("all accounts", 2)];
    let decision = store.try_acquire(&left, at(4)).await.unwrap();
    assert_eq!(decision, Decision::Undecided);
}

/// A lock of one is no lock of another.
pub async fn decision_30_limits_do_not_touch_each_other(store: Arc<dyn RateLimitStore>) {
    fail(&*store, &[lockout("a", 1)], 0).await;
    fail(&*store, &[lockout("b", 1)], 0).await;
    let locked = store.try_acquire(&[lockout("a", 1)], at(1)).await.unwrap();
    assert!(matches!(locked, Decision::Refused(_)));
    fail(&*store, &[lockout("c", 1)], 1).await;
}

/// An attempt that is refused for one limit takes nothing from the other.
pub async fn decision_30_a_use_counts_for_all_of_its_limits_or_for_none(
    store: Arc<dyn RateLimitStore>,
) {
    fail(&*store, &[lockout("locked", 1)], 0).await;
    for both in [
        [lockout("free", 2), lockout("locked", 1)],
        [lockout("locked", 1), lockout("free", 2)],
    ] {
        for _ in 0..5 {
            let refused = store.try_acquire(&both, at(1)).await.unwrap();
            assert!(matches!(refused, Decision::Refused(_)));
        }
    }
    let both = [lockout("free", 2), lockout("other", 2)];
    fail(&*store, &both, 2).await;
    fail(&*store, &both, 3).await;
    for one in both {
        let refused = store.try_acquire(&[one], at(4)).await.unwrap();
        assert!(matches!(refused, Decision::Refused(_)));
    }
}

/// However many ask at once, in whatever order they name the limits.
pub async fn s04_of_many_tries_at_once_no_more_are_admitted_than_the_limit(
    store: Arc<dyn RateLimitStore>,
) {
    let mut asking = JoinSet::new();
    for nth in 0..60 {
        let store = Arc::clone(&store);
        let mut limits = [lockout("a", 10), lockout("b", 100)];
        limits.rotate_left(nth % 2);
        asking.spawn(async move { store.try_acquire(&limits, at(0)).await.unwrap() });
    }
    let decisions = asking.join_all().await;
    let undecided = |decision: &&Decision| **decision == Decision::Undecided;
    assert_eq!(decisions.iter().filter(undecided).count(), 50);
    let acquired = decisions.into_iter().filter_map(Decision::permit);
    assert_eq!(acquired.count(), 10);
}

/// A right login leaves nothing behind.
pub async fn decision_30_what_is_given_back_at_once_is_there_again(store: Arc<dyn RateLimitStore>) {
    let limits = [lockout("a", 1)];
    for now in 0..5 {
        let permit = acquire(&*store, &limits, now).await;
        let next = store.try_acquire(&limits, at(now)).await.unwrap();
        assert_eq!(next, Decision::Undecided);
        store.refund(&permit, at(now)).await.unwrap();
    }
}

/// What is still of consequence stays.
pub async fn decision_15_what_is_as_in_the_beginning_is_swept_and_locks_are_not(
    store: Arc<dyn RateLimitStore>,
) {
    let limits = [lockout("a", 2)];
    fail(&*store, &limits, 0).await;
    let within = 15 * MINUTE;
    assert_eq!(store.sweep(at(within - 1)).await.unwrap(), 0);
    assert_eq!(store.sweep(at(within)).await.unwrap(), 1, "the attempt");
    fail(&*store, &limits, within).await;
    fail(&*store, &limits, within).await;
    let forgiven = within + 15 * MINUTE + 24 * HOUR;
    assert_eq!(store.sweep(at(forgiven - 1)).await.unwrap(), 0);
    assert_eq!(store.sweep(at(forgiven)).await.unwrap(), 1, "the lock");
}
