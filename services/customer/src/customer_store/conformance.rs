//! What every [`CustomerStore`] promises. Each function takes a fresh, empty store.

#![expect(
    clippy::unwrap_used,
    reason = "a suite of tests, though it is no test itself"
)]

mod changes;
mod passwords;
mod rate_limits;
mod searches;
mod spellings;

use std::sync::Arc;

use colloquy_contracts::{CustomerId, SessionNumber};

use super::{Customer, CustomerStore, NewCustomer, SaveError, Taken};
use crate::password::PasswordHash;

pub use changes::*;
pub use passwords::*;
pub use rate_limits::*;
pub use searches::*;
pub use spellings::*;

/// Makes one test of each promise; `$fresh` is an expression that answers a guard and an empty `Arc<dyn CustomerStore>`.
#[macro_export]
macro_rules! customer_store_conformance {
    ($fresh:expr) => {
        $crate::customer_store_conformance!(@cases $fresh;
            an_account_is_found_as_it_was_made
            unknown_names_and_ids_find_nothing
            decision_31_usernames_compare_without_case_and_are_kept_as_typed
            decision_31_a_refusal_names_what_is_taken
            b12_an_account_is_found_by_every_spelling_of_its_username
            b12_a_username_that_reads_like_another_is_taken
            b13_an_account_is_found_by_every_spelling_of_its_address
            b13_one_mailbox_has_one_account
            b12_of_lookalikes_made_at_once_one_is_made
            accounts_without_a_phone_number_do_not_collide
            of_equal_accounts_made_at_once_one_is_made
            seeded_accounts_have_the_first_ids_and_later_ones_follow
            a_store_that_is_not_empty_is_not_seeded
            of_several_seeds_at_once_one_is_done
            a_changed_account_is_found_as_it_was_changed
            an_account_that_is_not_there_is_not_changed
            decision_31_what_others_have_cannot_be_taken_over
            of_those_who_take_one_address_at_once_one_gets_it
            decision_29_names_are_found_without_accents_and_case
            decision_29_no_character_of_a_search_is_special
            decision_29_a_whole_username_is_found_and_comes_first
            decision_29_at_most_fifty_are_found_in_the_order_of_their_names
            b11_numbers_are_found_by_a_part_and_national_and_international_forms_are_one
            decision_31_an_account_is_found_by_its_mail_address
            decision_23_a_password_is_replaced_together_with_the_mark_that_ends_sessions
            decision_23_of_those_who_replace_one_password_at_once_one_does
            b05_each_change_of_a_password_raises_its_number_and_ends_smaller_ones
            b08_a_reset_by_mail_is_noted_with_the_ending
            decision_23_an_ending_is_due_after_a_while_and_until_it_is_forgotten
            s01_a_hash_is_upgraded_only_while_it_is_the_verified_one
            b09_of_a_hundred_wrong_codes_at_once_fifty_are_compared
            b09_two_of_the_five_mails_of_an_hour_are_kept_for_clients_that_had_none
        );
    };
    (@cases $fresh:expr; $($case:ident)*) => {
        $(
            #[tokio::test]
            async fn $case() {
                let (_guard, store) = $fresh.await;
                $crate::customer_store::conformance::$case(store).await;
            }
        )*
    };
}

/// A new account that differs from others by `name`.
#[must_use]
pub fn account(name: &str) -> NewCustomer {
    NewCustomer {
        username: name.to_owned(),
        password: PasswordHash::new(format!("$argon2id${name}")),
        full_name: format!("Đặng {name}"),
        email: format!("{name}@Example.com"),
        phone_number: None,
        avatar_color: "#4CAF50".to_owned(),
        roles: vec!["ROLE_USER".to_owned(), "ROLE_GUEST".to_owned()],
    }
}

fn made(id: CustomerId, new: &NewCustomer) -> Customer {
    Customer {
        customer_id: id,
        username: new.username.clone(),
        full_name: new.full_name.clone(),
        email: new.email.clone(),
        phone_number: new.phone_number.clone(),
        avatar_color: new.avatar_color.clone(),
        roles: new.roles.clone(),
        session_number: SessionNumber(1),
    }
}

/// Every field comes back, the password's hash too.
pub async fn an_account_is_found_as_it_was_made(store: Arc<dyn CustomerStore>) {
    assert!(store.is_empty().await.unwrap());
    let new = NewCustomer {
        phone_number: Some("0901234567".to_owned()),
        ..account("an")
    };
    let customer = store.insert(&new).await.unwrap();
    assert_eq!(customer, made(customer.customer_id, &new));
    let found = store.by_username("an").await.unwrap();
    assert_eq!(found, Some((customer.clone(), new.password)));
    assert_eq!(
        store.by_ids(&[customer.customer_id]).await.unwrap(),
        [customer]
    );
    assert!(!store.is_empty().await.unwrap());
}

/// Absence is no error, whatever was asked.
pub async fn unknown_names_and_ids_find_nothing(store: Arc<dyn CustomerStore>) {
    let an = store.insert(&account("an")).await.unwrap();
    for name in ["", "a", "%", "a_", "an\0", "'; --"] {
        assert_eq!(store.by_username(name).await.unwrap(), None, "{name:?}");
    }
    let [id, unknown] = [an.customer_id, CustomerId(i64::MAX)];
    assert_eq!(
        store
            .by_ids(&[unknown, id, CustomerId(-1), id])
            .await
            .unwrap(),
        [an]
    );
    assert_eq!(store.by_ids(&[]).await.unwrap(), []);
}

/// `ÁN` logs in as `Án`, and is still shown as `Án`.
pub async fn decision_31_usernames_compare_without_case_and_are_kept_as_typed(
    store: Arc<dyn CustomerStore>,
) {
    store.insert(&account("Án")).await.unwrap();
    for typed in ["Án", "án", "ÁN"] {
        let (customer, _) = store.by_username(typed).await.unwrap().unwrap();
        assert_eq!(customer.username, "Án");
    }
    assert_eq!(store.by_username("an").await.unwrap(), None);
}

/// Username before mail address before phone number, the first two without case.
pub async fn decision_31_a_refusal_names_what_is_taken(store: Arc<dyn CustomerStore>) {
    let phone_number = Some("0901234567".to_owned());
    let an = NewCustomer {
        phone_number: phone_number.clone(),
        ..account("an")
    };
    store.insert(&an).await.unwrap();
    let same_name = NewCustomer {
        username: "AN".to_owned(),
        ..account("binh")
    };
    let same_email = NewCustomer {
        email: "AN@example.COM".to_owned(),
        ..account("binh")
    };
    let same_phone = NewCustomer {
        phone_number,
        ..account("binh")
    };
    for (new, expected) in [
        (&an, Taken::Username),
        (&same_name, Taken::Username),
        (&same_email, Taken::Email),
        (&same_phone, Taken::PhoneNumber),
    ] {
        match store.insert(new).await {
            Err(SaveError::Taken(taken)) => assert_eq!(taken, expected),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(store.by_username("binh").await.unwrap(), None);
    store.insert(&account("binh")).await.unwrap();
}

/// The absence of a number is no number that another account has.
pub async fn accounts_without_a_phone_number_do_not_collide(store: Arc<dyn CustomerStore>) {
    let an = store.insert(&account("an")).await.unwrap();
    let binh = store.insert(&account("binh")).await.unwrap();
    assert!(binh.customer_id > an.customer_id);
}

/// The others are refused with what is taken.
pub async fn of_equal_accounts_made_at_once_one_is_made(store: Arc<dyn CustomerStore>) {
    let new = account("an");
    let (a, b, c) = tokio::join!(store.insert(&new), store.insert(&new), store.insert(&new));
    let outcomes = [a, b, c];
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for refused in outcomes.into_iter().filter_map(Result::err) {
        assert!(
            matches!(refused, SaveError::Taken(Taken::Username)),
            "{refused:?}"
        );
    }
}

/// 1, 2, 3, then higher ones.
pub async fn seeded_accounts_have_the_first_ids_and_later_ones_follow(
    store: Arc<dyn CustomerStore>,
) {
    let demo = ["an", "binh", "chi"].map(account);
    assert!(store.seed(&demo).await.unwrap());
    let ids = [1, 2, 3].map(CustomerId);
    let seeded: Vec<Customer> = ids
        .iter()
        .zip(&demo)
        .map(|(id, new)| made(*id, new))
        .collect();
    assert_eq!(store.by_ids(&ids).await.unwrap(), seeded);
    let later = store.insert(&account("dung")).await.unwrap();
    assert!(later.customer_id > CustomerId(3));
}

/// Also when the accounts that are there are others.
pub async fn a_store_that_is_not_empty_is_not_seeded(store: Arc<dyn CustomerStore>) {
    store.insert(&account("dung")).await.unwrap();
    assert!(!store.seed(&["an", "binh"].map(account)).await.unwrap());
    assert_eq!(store.by_username("an").await.unwrap(), None);
}

/// And no call fails.
pub async fn of_several_seeds_at_once_one_is_done(store: Arc<dyn CustomerStore>) {
    let demo = ["an", "binh", "chi"].map(account);
    let (a, b, c) = tokio::join!(store.seed(&demo), store.seed(&demo), store.seed(&demo));
    let done = [a, b, c].map(Result::unwrap);
    assert_eq!(done.iter().filter(|done| **done).count(), 1);
    assert_eq!(
        store
            .by_ids(&[1, 2, 3, 4].map(CustomerId))
            .await
            .unwrap()
            .len(),
        3
    );
}
