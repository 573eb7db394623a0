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
            a_value_is_held_until_its_time_is_over
            a_later_value_replaces_an_earlier_one_and_its_time
            of_many_who_put_if_absent_one_does
            absence_is_no_error
            of_many_who_take_one_gets_it
            only_the_value_that_is_meant_is_taken
            counting_misses_nobody_and_keeps_the_time_of_the_first
            a_key_holds_one_kind_of_thing
            the_first_to_join_and_the_last_to_leave_are_told
            of_many_who_join_one_is_first_and_of_many_who_leave_one_is_last
            members_whose_time_is_over_are_gone
            who_joins_again_gets_the_new_time
            a_sign_stands_while_somebody_is_in_its_set
            what_is_published_reaches_every_watch_in_order
            a_watch_hears_what_begins_with_its_prefix
            an_expired_key_is_told_within_a_second
            a_set_is_told_when_its_last_member_expires
            keys_that_were_removed_or_renewed_do_not_expire
            the_states_of_a_set_are_told_in_their_order
            of_many_who_come_and_go_the_last_notice_tells_the_state
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
/// Soon over.
const SHORT: Duration = Duration::from_millis(300);
/// Over before a test ends, but not before it has done a few things more, on a busy machine too.
const MEDIUM: Duration = Duration::from_millis(1500);
/// How late an expiry may be told, and what a slow machine adds.
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
async fn next(watch: &mut Box<dyn Watch>) -> Notice {
    timeout(LATE, watch.next()).await.unwrap()
}

fn expired(key: &str) -> Notice {
    Notice::Expired {
        key: key.to_owned(),
    }
}
