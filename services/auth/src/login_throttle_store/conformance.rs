//! What every [`LoginThrottleStore`] promises of places. Each function takes a fresh, empty store. The promises of its limits
//! are those of every [`RateLimitStore`](colloquy_rate_limit::RateLimitStore).

#![expect(
    clippy::unwrap_used,
    reason = "a suite of tests, though it is no test itself"
)]

use std::sync::Arc;

use colloquy_contracts::Timestamp;
use colloquy_rate_limit::Digest;

use super::LoginThrottleStore;

/// Makes one test of each promise; `$fresh` is an expression that answers a guard and an empty
/// `Arc<dyn LoginThrottleStore>`.
#[macro_export]
macro_rules! login_throttle_store_conformance {
    ($fresh:expr) => {
        $crate::login_throttle_store_conformance!(@cases $fresh;
            decision_30_places_are_known_until_their_time
            decision_15_places_that_are_known_no_longer_are_swept
        );
    };
    (@cases $fresh:expr; $($case:ident)*) => {
        $(
            #[tokio::test]
            async fn $case() {
                let (_guard, store) = $fresh.await;
                $crate::login_throttle_store::conformance::$case(store).await;
            }
        )*
    };
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + millis)
}

/// A success that comes later is remembered longer; one that ends earlier takes nothing away.
pub async fn decision_30_places_are_known_until_their_time(store: Arc<dyn LoginThrottleStore>) {
    let (here, there) = (Digest::of(&["here"]), Digest::of(&["there"]));
    assert!(!store.is_known(&here, at(0)).await.unwrap());
    for until in [10, 20, 15] {
        store.remember(&here, at(until)).await.unwrap();
    }
    assert!(store.is_known(&here, at(19)).await.unwrap());
    assert!(!store.is_known(&here, at(20)).await.unwrap());
    assert!(!store.is_known(&there, at(0)).await.unwrap());
}

/// And not earlier.
pub async fn decision_15_places_that_are_known_no_longer_are_swept(
    store: Arc<dyn LoginThrottleStore>,
) {
    store.remember(&Digest::of(&["here"]), at(5)).await.unwrap();
    for (over_age, swept) in [(4, 0), (5, 1), (5, 0)] {
        assert_eq!(store.sweep(at(over_age)).await.unwrap(), swept);
    }
}
