//! Promises of accounts that change.

use std::sync::Arc;

use colloquy_contracts::CustomerId;

use super::account;
use crate::{
    customer_store::{Customer, CustomerStore, NewCustomer, Profile, SaveError, Taken},
    domain::NameSearch,
};

fn profile(name: &str, phone_number: Option<&str>) -> Profile {
    Profile {
        full_name: format!("Vũ {name}"),
        email: format!("{name}@Example.ORG"),
        phone_number: phone_number.map(str::to_owned),
        avatar_color: "#FF9800".to_owned(),
    }
}

/// Every field of the profile is new, an absent phone number included; nothing else is.
pub async fn a_changed_account_is_found_as_it_was_changed(store: Arc<dyn CustomerStore>) {
    let new = NewCustomer {
        phone_number: Some("0901234567".to_owned()),
        ..account("an")
    };
    let before = store.insert(&new).await.unwrap();
    let other = store.insert(&account("binh")).await.unwrap();
    let changed = store
        .update(before.customer_id, &profile("chi", None))
        .await
        .unwrap()
        .unwrap();
    let expected = Customer {
        full_name: "Vũ chi".to_owned(),
        email: "chi@Example.ORG".to_owned(),
        phone_number: None,
        avatar_color: "#FF9800".to_owned(),
        ..before
    };
    assert_eq!(changed, expected);
    let found = store.by_username("an").await.unwrap();
    assert_eq!(found, Some((expected.clone(), new.password)));
    for (name, hits) in [("vu", vec![expected]), ("dang", vec![other])] {
        let search = NameSearch::parse(name).unwrap();
        assert_eq!(store.search_names(&search).await.unwrap(), hits, "{name}");
    }
}

/// And none is made.
pub async fn an_account_that_is_not_there_is_not_changed(store: Arc<dyn CustomerStore>) {
    let changed = store.update(CustomerId(1), &profile("an", None)).await;
    assert_eq!(changed.unwrap(), None);
    assert!(store.is_empty().await.unwrap());
}

/// What one has oneself may stay, in another case too.
pub async fn decision_31_what_others_have_cannot_be_taken_over(store: Arc<dyn CustomerStore>) {
    let an = store.insert(&account("an")).await.unwrap();
    let binh = store.insert(&account("binh")).await.unwrap();
    let taken = profile("chi", Some("0901234567"));
    store.update(an.customer_id, &taken).await.unwrap().unwrap();
    let same_email = Profile {
        email: "CHI@example.org".to_owned(),
        ..profile("dung", None)
    };
    let same_phone = profile("dung", Some("0901234567"));
    for (wanted, expected) in [
        (&taken, Taken::Email),
        (&same_email, Taken::Email),
        (&same_phone, Taken::PhoneNumber),
    ] {
        match store.update(binh.customer_id, wanted).await {
            Err(SaveError::Taken(taken)) => assert_eq!(taken, expected),
            other => panic!("{other:?}"),
        }
    }
    let after = store.by_ids(&[binh.customer_id]).await.unwrap();
    assert_eq!(after, std::slice::from_ref(&binh));
    let own = Profile {
        email: "CHI@example.org".to_owned(),
        ..taken
    };
    let kept = store.update(an.customer_id, &own).await.unwrap().unwrap();
    assert_eq!(kept.email, "CHI@example.org");
}

/// The others are refused with what is taken, and stay as they are.
pub async fn of_those_who_take_one_address_at_once_one_gets_it(store: Arc<dyn CustomerStore>) {
    let mut ids = Vec::new();
    for name in ["an", "binh", "chi"] {
        ids.push(store.insert(&account(name)).await.unwrap().customer_id);
    }
    let wanted = profile("dung", None);
    let (a, b, c) = tokio::join!(
        store.update(ids[0], &wanted),
        store.update(ids[1], &wanted),
        store.update(ids[2], &wanted),
    );
    let outcomes = [a, b, c];
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for refused in outcomes.into_iter().filter_map(Result::err) {
        assert!(
            matches!(refused, SaveError::Taken(Taken::Email)),
            "{refused:?}"
        );
    }
    let customers = store.by_ids(&ids).await.unwrap();
    let owners = customers
        .iter()
        .filter(|customer| customer.email == wanted.email);
    assert_eq!(owners.count(), 1);
}
