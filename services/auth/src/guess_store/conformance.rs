//! What every [`GuessStore`] promises. Each function takes a fresh, empty store.

#![expect(
    clippy::unwrap_used,
    reason = "a suite of tests, though it is no test itself"
)]

use std::{sync::Arc, time::Duration};

use colloquy_contracts::Timestamp;
use tokio::task::JoinSet;

use super::{Charge, GuessStore};
use crate::{
    digest::Digest,
    guess_limits::{Admission, GuessLimits, Limit, Outcome},
};

/// Makes one test of each promise; `$fresh` is an expression that answers a guard and an empty `Arc<dyn GuessStore>`.
#[macro_export]
macro_rules! guess_store_conformance {
    ($fresh:expr) => {
        $crate::guess_store_conformance!(@cases $fresh;
            s04_failed_tries_are_counted_and_lock
            b05_a_lock_of_a_clock_that_was_ahead_ends
            decision_30_budgets_do_not_touch_each_other
            decision_30_a_try_counts_in_all_of_its_budgets_or_in_none
            s04_of_many_tries_at_once_no_more_are_admitted_than_the_limit
            decision_30_what_is_given_back_at_once_is_there_again
            decision_30_places_are_known_until_their_time
            b08_the_budgets_of_an_account_are_lifted_together_and_no_others
            decision_15_what_is_as_in_the_beginning_is_swept_and_locks_are_not
        );
    };
    (@cases $fresh:expr; $($case:ident)*) => {
        $(
            #[tokio::test]
            async fn $case() {
                let (_guard, store) = $fresh.await;
                $crate::guess_store::conformance::$case(store).await;
            }
        )*
    };
}

const MINUTE: i64 = 60_000;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + millis)
}

fn charge(budget: &str, tries: usize) -> Charge {
    let limit = GuessLimits::default().account;
    Charge {
        budget: Digest::of(&[budget]),
        limit: Limit { tries, ..limit },
        account: None,
    }
}

/// After no longer than it would have lasted by the right clock, however often it is asked for meanwhile; and the try that
/// is refused counts in no other budget.
pub async fn b05_a_lock_of_a_clock_that_was_ahead_ends(store: Arc<dyn GuessStore>) {
    let (one, free) = ([charge("a", 10)], charge("b", 10));
    let both = [one[0].clone(), free.clone()];
    let ahead = 30 * 24 * 60 * MINUTE;
    for _ in 0..10 {
        fail(store.as_ref(), &one, ahead).await;
    }
    for now in [0, MINUTE, 14 * MINUTE] {
        let admission = store.admit(&both, at(now)).await.unwrap();
        assert_eq!(admission, Admission::Locked(at(15 * MINUTE)), "{now}");
    }
    let admission = store.admit(&both, at(15 * MINUTE)).await.unwrap();
    assert_eq!(admission, Admission::Admitted);
    for _ in 0..9 {
        fail(store.as_ref(), std::slice::from_ref(&free), 15 * MINUTE).await;
    }
}

async fn fail(store: &dyn GuessStore, charges: &[Charge], now: i64) {
    let admission = store.admit(charges, at(now)).await.unwrap();
    assert_eq!(admission, Admission::Admitted);
    let failed = store.settle(charges, at(now), Outcome::Failed, at(now));
    failed.await.unwrap();
}

/// The store keeps between calls what the rule makes of a budget.
pub async fn s04_failed_tries_are_counted_and_lock(store: Arc<dyn GuessStore>) {
    let charges = [charge("a", 2)];
    fail(&*store, &charges, 0).await;
    fail(&*store, &charges, 1).await;
    let locked = Admission::Locked(at(1 + 15 * MINUTE));
    assert_eq!(store.admit(&charges, at(2)).await.unwrap(), locked);
    fail(&*store, &charges, 1 + 15 * MINUTE).await;
    fail(&*store, &charges, 2 + 15 * MINUTE).await;
    let locked = Admission::Locked(at(2 + 45 * MINUTE));
    let again = store.admit(&charges, at(3 + 15 * MINUTE)).await.unwrap();
    assert_eq!(again, locked, "the second lock lasts twice as long");
}

/// Every place's; also while a try of one of them is not decided yet.
pub async fn b08_the_budgets_of_an_account_are_lifted_together_and_no_others(
    store: Arc<dyn GuessStore>,
) {
    let of = |account: &str, budget: &str| Charge {
        account: Some(Digest::of(&[account])),
        ..charge(budget, 1)
    };
    let everywhere = charge("all accounts", 9);
    let home = [of("an", "home"), everywhere.clone()];
    let strangers = [of("an", "strangers")];
    let others = [of("binh", "others")];
    for charges in [&home[..], &strangers, &others] {
        fail(&*store, charges, 0).await;
    }
    let undecided = [of("an", "elsewhere")];
    let admission = store.admit(&undecided, at(1)).await.unwrap();
    assert_eq!(admission, Admission::Admitted);
    store.lift(&Digest::of(&["an"])).await.unwrap();
    let late = store.settle(&undecided, at(1), Outcome::Failed, at(2));
    late.await.unwrap();
    for charges in [&home[..], &strangers, &undecided] {
        let admission = store.admit(charges, at(3)).await.unwrap();
        assert_eq!(admission, Admission::Admitted, "{charges:?}");
    }
    let locked = store.admit(&others, at(3)).await.unwrap();
    assert_eq!(locked, Admission::Locked(at(15 * MINUTE)));
    // Of this address one try has failed, one is not decided yet.
    let left = [Charge {
        limit: Limit {
            tries: 2,
            ..everywhere.limit
        },
        ..everywhere
    }];
    assert_eq!(
        store.admit(&left, at(4)).await.unwrap(),
        Admission::Undecided
    );
}

/// Whoever locks one locks no other.
pub async fn decision_30_budgets_do_not_touch_each_other(store: Arc<dyn GuessStore>) {
    fail(&*store, &[charge("a", 1)], 0).await;
    fail(&*store, &[charge("b", 1)], 0).await;
    let locked = store.admit(&[charge("a", 1)], at(1)).await.unwrap();
    assert!(matches!(locked, Admission::Locked(_)));
    fail(&*store, &[charge("c", 1)], 1).await;
}

/// A try that is refused for one budget takes nothing from the other.
pub async fn decision_30_a_try_counts_in_all_of_its_budgets_or_in_none(store: Arc<dyn GuessStore>) {
    fail(&*store, &[charge("locked", 1)], 0).await;
    for both in [
        [charge("free", 2), charge("locked", 1)],
        [charge("locked", 1), charge("free", 2)],
    ] {
        for _ in 0..5 {
            let refused = store.admit(&both, at(1)).await.unwrap();
            assert!(matches!(refused, Admission::Locked(_)));
        }
    }
    let both = [charge("free", 2), charge("other", 2)];
    fail(&*store, &both, 2).await;
    fail(&*store, &both, 3).await;
    for one in both {
        let refused = store.admit(&[one], at(4)).await.unwrap();
        assert!(matches!(refused, Admission::Locked(_)));
    }
}

/// However many ask at once, in whatever order they name the budgets.
pub async fn s04_of_many_tries_at_once_no_more_are_admitted_than_the_limit(
    store: Arc<dyn GuessStore>,
) {
    let mut asking = JoinSet::new();
    for nth in 0..60 {
        let store = Arc::clone(&store);
        let mut charges = [charge("a", 10), charge("b", 100)];
        charges.rotate_left(nth % 2);
        asking.spawn(async move { store.admit(&charges, at(0)).await.unwrap() });
    }
    let answers = asking.join_all().await;
    let admitted = answers.iter().filter(|one| **one == Admission::Admitted);
    assert_eq!(admitted.count(), 10);
    let undecided = answers.iter().filter(|one| **one == Admission::Undecided);
    assert_eq!(undecided.count(), 50);
}

/// A right login leaves nothing behind.
pub async fn decision_30_what_is_given_back_at_once_is_there_again(store: Arc<dyn GuessStore>) {
    let charges = [charge("a", 1)];
    for now in 0..5 {
        let admission = store.admit(&charges, at(now)).await.unwrap();
        assert_eq!(admission, Admission::Admitted);
        let next = store.admit(&charges, at(now)).await.unwrap();
        assert_eq!(next, Admission::Undecided);
        let given_back = store.settle(&charges, at(now), Outcome::GivenBack, at(now));
        given_back.await.unwrap();
    }
}

/// A success that comes later is remembered longer; one that ends earlier takes nothing away.
pub async fn decision_30_places_are_known_until_their_time(store: Arc<dyn GuessStore>) {
    let (here, there) = (Digest::of(&["here"]), Digest::of(&["there"]));
    assert!(!store.is_known(&here, at(0)).await.unwrap());
    for until in [10, 20, 15] {
        store.remember(&here, at(until)).await.unwrap();
    }
    assert!(store.is_known(&here, at(19)).await.unwrap());
    assert!(!store.is_known(&here, at(20)).await.unwrap());
    assert!(!store.is_known(&there, at(0)).await.unwrap());
}

/// What is still of consequence stays.
pub async fn decision_15_what_is_as_in_the_beginning_is_swept_and_locks_are_not(
    store: Arc<dyn GuessStore>,
) {
    let limit = GuessLimits::default().account;
    let charges = [charge("a", 2)];
    fail(&*store, &charges, 0).await;
    store.remember(&Digest::of(&["here"]), at(5)).await.unwrap();
    let within = i64::try_from(limit.within.as_millis()).unwrap();
    assert_eq!(store.sweep(at(4)).await.unwrap(), 0);
    assert_eq!(store.sweep(at(5)).await.unwrap(), 1, "the place");
    assert_eq!(store.sweep(at(within - 1)).await.unwrap(), 0);
    assert_eq!(store.sweep(at(within)).await.unwrap(), 1, "the try");
    fail(&*store, &charges, within).await;
    fail(&*store, &charges, within).await;
    let day = i64::try_from(Duration::from_secs(24 * 3600).as_millis()).unwrap();
    let forgiven = within + 15 * MINUTE + day;
    assert_eq!(store.sweep(at(forgiven - 1)).await.unwrap(), 0);
    assert_eq!(store.sweep(at(forgiven)).await.unwrap(), 1, "the lock");
}
