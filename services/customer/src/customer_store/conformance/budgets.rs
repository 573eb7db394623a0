//! Promises of budgets.

use std::sync::Arc;

use colloquy_contracts::Timestamp;
use tokio::task::JoinSet;

use crate::{
    customer_store::{CustomerStore, SpendError},
    domain::{Budget, Email, Limit},
};

fn three_an_hour(whose: &str) -> Budget {
    Budget::new("tests", whose, &[Limit::new(3, 3600)])
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + second * 1000)
}

/// What is to wait, if it is refused.
async fn spend(store: &dyn CustomerStore, budget: &Budget, second: i64) -> Option<u32> {
    match store.spend(budget, at(second)).await {
        Ok(()) => None,
        Err(SpendError::Spent(spent)) => Some(spent.wait_seconds),
        Err(SpendError::Store(error)) => panic!("{error:?}"),
    }
}

/// And of another there is as much.
pub async fn decision_30_a_budget_tells_how_long_to_wait_when_it_is_spent(
    store: Arc<dyn CustomerStore>,
) {
    let budget = three_an_hour("an");
    for (second, expected) in [
        (0, None),
        (1, None),
        (2, None),
        (2, Some(3598)),
        (3599, Some(1)),
        (3600, None),
        (3600, Some(1)),
    ] {
        let wait = spend(store.as_ref(), &budget, second).await;
        assert_eq!(wait, expected, "{second}");
    }
    let other = three_an_hour("binh");
    assert_eq!(spend(store.as_ref(), &other, 3600).await, None);
}

/// Nobody is granted what another was granted.
pub async fn decision_30_many_at_once_get_no_more_than_there_is(store: Arc<dyn CustomerStore>) {
    let budget = three_an_hour("an");
    let now = at(0);
    let (a, b, c, d, e) = tokio::join!(
        store.spend(&budget, now),
        store.spend(&budget, now),
        store.spend(&budget, now),
        store.spend(&budget, now),
        store.spend(&budget, now),
    );
    let outcomes = [a, b, c, d, e];
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3);
    for refused in outcomes.into_iter().filter_map(Result::err) {
        assert!(matches!(refused, SpendError::Spent(_)), "{refused:?}");
    }
}

/// In both stores, as many as wrong codes of an account in a day (decision 38).
pub async fn b09_of_a_hundred_at_once_fifty_are_granted(store: Arc<dyn CustomerStore>) {
    let email = Email::parse("an@example.com").unwrap();
    let mut tries = JoinSet::new();
    for _ in 0..100 {
        let (store, wrong) = (Arc::clone(&store), Budget::wrong_codes_for(&email));
        tries.spawn(async move { store.spend(&wrong, at(0)).await });
    }
    let outcomes = tries.join_all().await;
    assert_eq!(
        outcomes.iter().filter(|outcome| outcome.is_ok()).count(),
        50
    );
    for refused in outcomes.into_iter().filter_map(Result::err) {
        assert!(matches!(refused, SpendError::Spent(_)), "{refused:?}");
    }
}

/// Any number of times; of nothing there is nothing to give back.
pub async fn decision_30_what_is_given_back_can_be_spent_again(store: Arc<dyn CustomerStore>) {
    let budget = three_an_hour("an");
    store.give_back(&budget).await.unwrap();
    for second in 0..10 {
        assert_eq!(spend(store.as_ref(), &budget, second).await, None);
        store.give_back(&budget).await.unwrap();
    }
    for expected in [None, None, None, Some(3600)] {
        assert_eq!(spend(store.as_ref(), &budget, 10).await, expected);
    }
}

/// Those of which something is used stay.
pub async fn decision_15_budgets_are_forgotten_when_nothing_of_them_is_used(
    store: Arc<dyn CustomerStore>,
) {
    let budgets = ["an", "binh", "chi"].map(three_an_hour);
    for (second, budget) in [(0, &budgets[0]), (1, &budgets[1]), (2, &budgets[2])] {
        assert_eq!(spend(store.as_ref(), budget, second).await, None);
    }
    for (second, at_once, forgotten) in [(3599, 9, 0), (3601, 1, 1), (3601, 9, 1), (3601, 9, 0)] {
        let count = store.forget_budgets(at(second), at_once).await.unwrap();
        assert_eq!(count, forgotten, "{second}");
    }
    for expected in [None, None, Some(1)] {
        assert_eq!(spend(store.as_ref(), &budgets[2], 3601).await, expected);
    }
}
