//! Promises of the limits that are kept beside the accounts. How limits count is promised by
//! [`RateLimitStore`](colloquy_rate_limit::RateLimitStore).

use std::sync::Arc;

use colloquy_contracts::Timestamp;
use colloquy_rate_limit::{Decision, RateLimit, RateLimitStore};
use tokio::task::JoinSet;

use crate::{
    customer_store::CustomerStore,
    domain::{Email, rate_limits},
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + second * 1000)
}

pub(super) async fn is_acquired(
    limits: &dyn RateLimitStore,
    limit: RateLimit,
    now: Timestamp,
) -> bool {
    let decision = limits.try_acquire(&[limit], now).await.unwrap();
    matches!(decision, Decision::Acquired(_))
}

/// In both stores, as many as wrong codes of an account in a day (decision 38).
pub async fn b09_of_a_hundred_wrong_codes_at_once_fifty_are_compared(
    store: Arc<dyn CustomerStore>,
) {
    let email = Email::parse("an@example.com").unwrap();
    let mut tries = JoinSet::new();
    for _ in 0..100 {
        let (limits, wrong) = (store.rate_limits(), rate_limits::wrong_codes_for(&email));
        tries.spawn(async move { is_acquired(&*limits, wrong, at(0)).await });
    }
    let granted = tries
        .join_all()
        .await
        .into_iter()
        .filter(|granted| *granted);
    assert_eq!(granted.count(), 50);
}

/// A client address that had none in that hour gets one of them.
pub async fn b09_two_of_the_five_mails_of_an_hour_are_kept_for_clients_that_had_none(
    store: Arc<dyn CustomerStore>,
) {
    let (limits, email) = (store.rate_limits(), Email::parse("an@example.com").unwrap());
    for (second, is_first, expected) in [
        (0, true, true),
        (60, false, true),
        (120, false, true),
        (180, false, false),
        (180, true, true),
        (240, false, false),
        (240, true, true),
        (300, true, false),
        (3600, false, false),
        (3600, true, true),
        (3720, false, false),
        (3780, false, true),
    ] {
        let mail = rate_limits::mails_to(&email, is_first);
        let granted = is_acquired(&*limits, mail, at(second)).await;
        assert_eq!(granted, expected, "{second}");
    }
}
