//! Promises of passwords that change.

use std::sync::Arc;

use colloquy_contracts::{CustomerId, SessionNumber, Timestamp};
use colloquy_credentials::identity::SessionId;
use colloquy_service_api::session_ending::{EndSessions, ResetByMail};

use super::{account, rate_limits::is_acquired};
use crate::{
    customer_store::{CustomerStore, ENDING_DUE_MILLIS, EndingId, PasswordChange},
    domain::{Email, rate_limits},
    password::PasswordHash,
};

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const DUE: Timestamp = Timestamp::from_millis(NOW.millis() + ENDING_DUE_MILLIS);

fn change(id: CustomerId, verified: Option<&str>, new: &str) -> PasswordChange {
    PasswordChange {
        customer_id: id,
        verified: verified.map(PasswordHash::new),
        new: PasswordHash::new(new),
        except: None,
        reset: None,
    }
}

async fn hash_of(store: &dyn CustomerStore, id: CustomerId) -> PasswordHash {
    store.with_password(id).await.unwrap().unwrap().1
}

async fn number_of(store: &dyn CustomerStore, id: CustomerId) -> SessionNumber {
    let found = store.with_password(id).await.unwrap();
    found.unwrap().0.session_number
}

async fn replace(store: &dyn CustomerStore, change: &PasswordChange) -> (EndingId, EndSessions) {
    store.replace_password(change, NOW).await.unwrap().unwrap()
}

async fn due(store: &dyn CustomerStore) -> Vec<(EndingId, CustomerId, Option<SessionId>)> {
    let due = store.endings_due(DUE).await.unwrap();
    let parts = |(id, ending): (_, EndSessions)| (id, ending.customer_id, ending.except);
    due.into_iter().map(parts).collect()
}

/// The address in another case too.
pub async fn decision_31_an_account_is_found_by_its_mail_address(store: Arc<dyn CustomerStore>) {
    let an = store.insert(&account("an")).await.unwrap();
    store.insert(&account("binh")).await.unwrap();
    for (typed, found) in [
        ("an@Example.com", Some(&an)),
        ("AN@EXAMPLE.COM", Some(&an)),
        ("chi@example.com", None),
        ("a_@example.com", None),
    ] {
        let email = Email::parse(typed).unwrap();
        let account = store.by_email(&email).await.unwrap();
        assert_eq!(account.as_ref(), found, "{typed}");
    }
    let (found, hash) = store.with_password(an.customer_id).await.unwrap().unwrap();
    assert_eq!((found, hash), (an, account("an").password));
    assert_eq!(store.with_password(CustomerId(99)).await.unwrap(), None);
}

/// The hash and the note are both there, or neither is.
pub async fn decision_23_a_password_is_replaced_together_with_the_mark_that_ends_sessions(
    store: Arc<dyn CustomerStore>,
) {
    let id = store.insert(&account("an")).await.unwrap().customer_id;
    let other = store.insert(&account("binh")).await.unwrap().customer_id;
    let goes_on = SessionId::from_bits(7);
    let first = PasswordChange {
        except: Some(goes_on),
        ..change(id, Some("$argon2id$an"), "$argon2id$first")
    };
    let (first, _) = replace(store.as_ref(), &first).await;
    assert_eq!(due(store.as_ref()).await, [(first, id, Some(goes_on))]);
    for refused in [
        change(id, Some("$argon2id$an"), "$argon2id$late"),
        change(CustomerId(99), None, "$argon2id$none"),
    ] {
        assert_eq!(store.replace_password(&refused, NOW).await.unwrap(), None);
    }
    assert_eq!(
        hash_of(store.as_ref(), id).await.as_str(),
        "$argon2id$first"
    );
    let second = change(id, None, "$argon2id$second");
    let (second, _) = replace(store.as_ref(), &second).await;
    let left = [(first, id, Some(goes_on)), (second, id, None)];
    assert_eq!(due(store.as_ref()).await, left);
    assert_eq!(
        hash_of(store.as_ref(), id).await.as_str(),
        "$argon2id$second"
    );
    assert_eq!(
        hash_of(store.as_ref(), other).await,
        account("binh").password
    );
}

/// The others are answered that they did not.
pub async fn decision_23_of_those_who_replace_one_password_at_once_one_does(
    store: Arc<dyn CustomerStore>,
) {
    let id = store.insert(&account("an")).await.unwrap().customer_id;
    let names = ["$argon2id$a", "$argon2id$b", "$argon2id$c"];
    let changes = names.map(|new| change(id, Some("$argon2id$an"), new));
    let (a, b, c) = tokio::join!(
        store.replace_password(&changes[0], NOW),
        store.replace_password(&changes[1], NOW),
        store.replace_password(&changes[2], NOW),
    );
    let done = [a, b, c].map(|outcome| outcome.unwrap().is_some());
    assert_eq!(done.iter().filter(|done| **done).count(), 1, "{done:?}");
    let winner = done.iter().position(|done| *done).unwrap();
    assert_eq!(hash_of(store.as_ref(), id).await.as_str(), names[winner]);
    assert_eq!(due(store.as_ref()).await.len(), 1);
}

/// A change ends exactly the sessions that began with an earlier password: the number is read together with the hash.
pub async fn b05_each_change_of_a_password_raises_its_number_and_ends_smaller_ones(
    store: Arc<dyn CustomerStore>,
) {
    let an = store.insert(&account("an")).await.unwrap();
    let other = store.insert(&account("binh")).await.unwrap().customer_id;
    let (id, mut number) = (an.customer_id, an.session_number);
    // A token that has none counts as 0.
    assert!(number > SessionNumber::default());
    for (old, new) in [
        ("$argon2id$an", "$argon2id$b"),
        ("$argon2id$b", "$argon2id$c"),
    ] {
        let (old, better) = (
            PasswordHash::new(old),
            PasswordHash::new(format!("{old}$better")),
        );
        assert!(store.upgrade_hash(id, &old, &better).await.unwrap());
        assert_eq!(
            number_of(store.as_ref(), id).await,
            number,
            "the same password"
        );
        let change = change(id, Some(better.as_str()), new);
        let (_, ending) = replace(store.as_ref(), &change).await;
        assert!(ending.before > number, "ends those that began before");
        number = number_of(store.as_ref(), id).await;
        assert_eq!(ending.before, number, "and no other");
    }
    let late = change(id, Some("$argon2id$an"), "$argon2id$late");
    assert_eq!(store.replace_password(&late, NOW).await.unwrap(), None);
    assert_eq!(number_of(store.as_ref(), id).await, number);
    assert_eq!(number_of(store.as_ref(), other).await, an.session_number);
}

/// With its place, or without one; a change is none.
pub async fn b08_a_reset_by_mail_is_noted_with_the_ending(store: Arc<dyn CustomerStore>) {
    let id = store.insert(&account("an")).await.unwrap().customer_id;
    let reset = |client: Option<&str>| ResetByMail {
        username: "An".to_owned(),
        client: client.map(|client| client.parse().unwrap()),
    };
    let resets = [
        Some(reset(Some("192.0.2.7"))),
        Some(reset(Some("2001:db8::7"))),
        Some(reset(None)),
        None,
    ];
    for reset in &resets {
        let change = PasswordChange {
            reset: reset.clone(),
            ..change(id, None, "$argon2id$new")
        };
        let (_, at_once) = replace(store.as_ref(), &change).await;
        assert_eq!(at_once.reset, *reset);
    }
    let (limits, guesses) = (store.rate_limits(), rate_limits::guesses_of(id));
    let guess = || is_acquired(&*limits, guesses.clone(), NOW);
    for reset in [None, resets[2].clone()] {
        while guess().await {}
        let change = PasswordChange {
            reset: reset.clone(),
            ..change(id, None, "$argon2id$new")
        };
        replace(store.as_ref(), &change).await;
        assert_eq!(guess().await, reset.is_some());
    }
    let due = store.endings_due(DUE).await.unwrap();
    let late: Vec<_> = due.into_iter().map(|(_, ending)| ending.reset).collect();
    assert_eq!(late[..resets.len()], resets);
}

/// Not before, so that the request that noted it can deliver it; at once when the clock was set back.
pub async fn decision_23_an_ending_is_due_after_a_while_and_until_it_is_forgotten(
    store: Arc<dyn CustomerStore>,
) {
    let id = store.insert(&account("an")).await.unwrap().customer_id;
    let ending = change(id, None, "$argon2id$new");
    let (first, at_once) = replace(store.as_ref(), &ending).await;
    assert_eq!(at_once.before, SessionNumber(2));
    let (second, _) = replace(store.as_ref(), &ending).await;
    for (offset, found) in [
        (0, 0),
        (ENDING_DUE_MILLIS - 1, 0),
        (ENDING_DUE_MILLIS, 2),
        (3_600_000, 2),
        (-1, 2),
    ] {
        let at = Timestamp::from_millis(NOW.millis() + offset);
        let due = store.endings_due(at).await.unwrap();
        assert_eq!(due.len(), found, "{offset}");
        for ((_, ending), number) in due.iter().zip(2..) {
            assert_eq!(ending.before, SessionNumber(number), "{offset}");
        }
    }
    for _ in 0..2 {
        store.forget_ending(first).await.unwrap();
        assert_eq!(due(store.as_ref()).await, [(second, id, None)]);
    }
}

/// A password that changed meanwhile stays changed.
pub async fn s01_a_hash_is_upgraded_only_while_it_is_the_verified_one(
    store: Arc<dyn CustomerStore>,
) {
    let id = store.insert(&account("an")).await.unwrap().customer_id;
    let [old, better, late] = ["$argon2id$an", "$argon2id$better", "$argon2id$late"];
    let [old, better, late] = [old, better, late].map(PasswordHash::new);
    assert!(store.upgrade_hash(id, &old, &better).await.unwrap());
    assert!(!store.upgrade_hash(id, &old, &late).await.unwrap());
    assert_eq!(hash_of(store.as_ref(), id).await, better);
    assert_eq!(due(store.as_ref()).await, []);
}
