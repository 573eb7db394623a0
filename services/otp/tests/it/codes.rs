//! What codes promise, on every store: `OneTimeCodes` in process.

mod at_once;
mod kept;
mod one_by_one;
mod requesters;

/// Makes one test of each promise.
macro_rules! promises {
    ($fresh:expr; $($module:ident::$case:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $case() {
                let (_lives, store) = $fresh;
                super::$module::$case(store).await;
            }
        )*
    };
    ($fresh:expr) => {
        promises!($fresh;
            one_by_one::contract_4_otp_generate_answers_the_live_code_again
            one_by_one::contract_4_otp_resend_replaces_the_live_code
            one_by_one::contract_4_otp_validate_uses_a_right_code_up
            one_by_one::decision_31_addresses_compare_without_case
            one_by_one::s06_the_fifth_try_may_be_right
            one_by_one::s06_five_wrong_tries_end_a_requesters_tries_and_a_new_code_starts_anew
            one_by_one::s06_tries_before_a_resend_do_not_count_for_the_new_code
            one_by_one::s06_what_is_no_code_is_no_try
            one_by_one::contract_4_otp_blank_and_overlong_addresses_are_refused
            at_once::contract_4_otp_generate_answers_everybody_one_code
            at_once::s06_of_a_hundred_right_tries_at_once_one_is_answered_yes
            at_once::s06_of_five_callers_with_the_right_code_one_is_answered_yes
            at_once::s06_a_thousand_wrong_tries_at_once_leave_no_try
            at_once::s06_of_a_thousand_tries_that_have_read_the_code_five_are_compared
            requesters::b09_the_tries_of_one_requester_are_not_anothers
            requesters::b09_a_code_that_others_asked_for_stays_and_its_new_mail_brings_new_tries
            requesters::b09_of_a_thousand_wrong_tries_at_once_of_one_requester_none_is_anothers
            requesters::b09_only_a_requester_that_a_code_was_mailed_for_is_let_in
            requesters::b10_a_code_that_was_used_or_burnt_is_not_issued_already
            kept::s06_a_code_is_kept_sealed_and_two_seals_differ
            kept::s06_a_code_moved_to_another_address_is_none
            kept::s06_what_does_not_open_is_no_code_and_is_replaced
            kept::s06_a_key_change_ends_live_codes
            kept::s06_a_code_that_died_but_was_not_removed_is_not_mailed_again
            kept::s05_a_wrong_code_takes_as_many_calls_whether_there_is_a_right_one
            kept::s06_a_resend_during_a_try_wins_and_its_code_stays
            kept::p7_no_failure_of_the_store_makes_a_yes_or_a_code
        );
    };
}

mod embedded {
    promises!(crate::parts::embedded());
}

mod redis {
    promises!(crate::parts::redis());
}
