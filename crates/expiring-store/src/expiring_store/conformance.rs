//! What every [`ExpiringStore`] promises. Each function takes a fresh, empty store.

#![expect(
    clippy::unwrap_used,
    reason = "a suite of tests, though it is no test itself"
)]

mod notices;
mod sets;
mod values;

pub use notices::*;
pub use sets::*;
pub use values::*;

use std::{future::Future, time::Duration};

use tokio::time::{Instant, sleep, timeout};

use super::{ExpiringStore, Notice, Watch};

/// Makes one test of each promise; `$fresh` is an expression that answers a guard and an empty `Arc<dyn ExpiringStore>`.
#[macro_export]
macro_rules! expiring_store_conformance {
    ($fresh:expr) => {
        $crate::expiring_store_conformance!(@cases $fresh;
            a_value_lives_until_its_time_is_over
            a_later_value_replaces_an_earlier_one_and_its_time
            of_concurrent_put_if_absent_calls_one_puts
            absence_is_no_error
            of_concurrent_takes_one_takes
            only_the_value_that_is_meant_is_taken
            counting_loses_no_call_and_keeps_the_time_of_the_first
            a_key_holds_one_kind_of_value
            members_count_once_and_are_sorted
            of_concurrent_joins_one_occupies_and_of_concurrent_leaves_one_empties
            members_whose_time_is_over_are_gone
            a_member_that_joins_again_gets_the_new_time
            a_marker_lives_while_its_set_has_members
            notices_reach_every_watch_in_order
            a_set_that_repeats_its_notice_announces_every_join
            an_expired_key_is_noticed_within_a_second
            a_set_expires_with_its_last_member
            keys_that_were_removed_or_renewed_do_not_expire
            the_notices_of_a_set_come_in_the_order_of_its_changes
            after_concurrent_joins_and_leaves_the_last_notice_names_the_state
        );
    };
    (@cases $fresh:expr; $($case:ident)*) => {
        $(
            #[tokio::test]
            async fn $case() {
                let (_guard, store) = $fresh;
                $crate::expiring_store::conformance::$case(store).await;
            }
        )*
    };
}

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(60);
/// Over soon.
const SHORT: Duration = Duration::from_millis(300);
/// Over before a test ends, but not before it has done a few things more, on a busy machine too.
const MEDIUM: Duration = Duration::from_millis(1500);
/// How late the notice of an expiry may come, and what a slow machine adds.
const LATE: Duration = Duration::from_secs(5);

/// Waits until the condition holds.
async fn until<F: Future<Output = bool>>(what: &str, condition: impl Fn() -> F) {
    let deadline = Instant::now() + LATE;
    while !condition().await {
        assert!(Instant::now() < deadline, "{what} did not happen");
        sleep(Duration::from_millis(10)).await;
    }
}

/// The next notice, due soon.
async fn next(watch: &mut Watch) -> Notice {
    timeout(LATE, watch.next()).await.unwrap()
}

fn occupied(set: &str) -> Notice {
    Notice::Occupied {
        set: set.to_owned(),
    }
}

fn emptied(set: &str) -> Notice {
    Notice::Emptied {
        set: set.to_owned(),
    }
}

fn expired(key: &str) -> Notice {
    Notice::Expired {
        key: key.to_owned(),
    }
}
