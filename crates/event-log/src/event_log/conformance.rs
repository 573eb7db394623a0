//! What every adapter of the log promises, one function a promise.

mod crashes;
mod events;
mod groups;
mod progress;
mod tails;
mod trails;

use std::{fmt::Debug, future::Future, time::Duration};

use super::{AuditTrail, EventLog, GroupProgress};

pub use self::{crashes::*, events::*, groups::*, progress::*, tails::*, trails::*};

/// A log of one test.
pub trait Fixture: Sized + Send + Sync {
    /// One that holds nothing.
    fn fresh() -> impl Future<Output = Self> + Send;

    /// Opens it, as a process that starts does. May be called again, also while an earlier opening is in use.
    fn open(&self) -> impl Future<Output = Box<dyn EventLog>> + Send;

    /// Opens it as a rebuild of views does.
    fn open_trail(&self) -> impl Future<Output = Box<dyn AuditTrail>> + Send;

    /// Opens it as a process that watches groups and reads nothing.
    fn open_progress(&self) -> impl Future<Output = Box<dyn GroupProgress>> + Send;
}

/// Makes a test of every promise, for one [`Fixture`].
#[macro_export]
macro_rules! conformance {
    ($fixture:ty) => {
        $crate::conformance!($fixture:
            an_append_answers_for_each_event,
            what_goes_in_comes_out,
            payloads_that_are_no_json_are_carried_unchanged,
            a_repeat_is_read_twice_under_one_id,
            decision_7_a_room_keeps_its_order_on_a_topic,
            a_group_reads_all_write_topics_and_no_other,
            a_read_is_no_longer_than_asked_for,
            invariant_4_a_new_member_resumes_behind_the_commit,
            a_commit_made_twice_is_as_one,
            b27_a_member_knows_when_its_group_has_met,
            two_groups_are_independent,
            f14_a_group_that_is_moved_back_reads_from_the_beginning_again,
            f14_what_another_member_reads_is_not_moved_back,
            next_of_a_group_is_cancel_safe,
            invariant_4_the_progress_of_a_group_is_what_it_has_committed,
            a_crash_loses_nothing,
            what_a_crashed_member_had_not_committed_is_read_again,
            decision_16_a_tail_reads_what_comes_after_it_and_nothing_before,
            two_tails_read_everything_each,
            a_tail_reads_its_topics_only,
            next_of_a_tail_is_cancel_safe,
            decision_14_a_trail_goes_from_the_beginning_to_the_noted_end,
            decision_14_a_trail_of_nothing_ends_at_once,
        );
    };
    ($fixture:ty: $($promise:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                $crate::event_log::conformance::$promise::<$fixture>().await;
            }
        )*
    };
}

/// What must happen, within a time that only a defect exceeds.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), what)
        .await
        .expect("it happens within 30 seconds")
}

/// The value of what must succeed.
fn ok<T, E: Debug>(outcome: Result<T, E>) -> T {
    outcome.expect("the log is up")
}
