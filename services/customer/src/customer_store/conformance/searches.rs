//! Promises of searches.

use std::sync::Arc;

use super::account;
use crate::{
    customer_store::{Customer, CustomerStore, MAX_HITS, NewCustomer},
    domain::{NameSearch, PhoneSearch},
};

async fn named(store: &Arc<dyn CustomerStore>, username: &str, full_name: &str) -> Customer {
    let new = NewCustomer {
        full_name: full_name.to_owned(),
        ..account(username)
    };
    store.insert(&new).await.unwrap()
}

/// The usernames of those who are found.
async fn found(store: &Arc<dyn CustomerStore>, part: &str) -> Vec<String> {
    let search = NameSearch::parse(part).unwrap();
    let hits = store.search_names(&search).await.unwrap();
    hits.into_iter().map(|customer| customer.username).collect()
}

/// Seeded accounts are found like others.
pub async fn decision_29_names_are_found_without_accents_and_case(store: Arc<dyn CustomerStore>) {
    let seeded = NewCustomer {
        full_name: "Huỳnh Đặng Tấn Phát".to_owned(),
        ..account("phat")
    };
    assert!(store.seed(&[seeded]).await.unwrap());
    named(&store, "hai", "Vũ Thanh Hải").await;
    named(&store, "strasser", "Ulrich Straßer").await;
    for (part, username) in [
        ("dang", "phat"),
        ("Đặng", "phat"),
        ("ĐẶNG TẤN", "phat"),
        ("huynh dang tan phat", "phat"),
        ("vu", "hai"),
        ("VŨ", "hai"),
        ("Hải", "hai"),
        ("STRASSE", "strasser"),
    ] {
        assert_eq!(found(&store, part).await, [username], "{part}");
    }
    for part in ["hai vu", "thanhhai", "dangg", "d\u{e31}ng"] {
        assert!(found(&store, part).await.is_empty(), "{part}");
    }
}

/// `%` and `_` are found where they are.
pub async fn decision_29_no_character_of_a_search_is_special(store: Arc<dyn CustomerStore>) {
    named(&store, "an", "An 100%").await;
    named(&store, "binh", "Binh_O'Neil\\").await;
    for (part, username) in [
        ("%", "an"),
        ("0%", "an"),
        ("_", "binh"),
        ("h_o", "binh"),
        ("'", "binh"),
        ("\\", "binh"),
    ] {
        assert_eq!(found(&store, part).await, [username], "{part}");
    }
    for part in ["A%0", "A__1", "%%", "*", ".*", "'; --"] {
        assert!(found(&store, part).await.is_empty(), "{part}");
    }
}

/// What a person tells another is often their username.
pub async fn decision_29_a_whole_username_is_found_and_comes_first(store: Arc<dyn CustomerStore>) {
    named(&store, "User2", "Huỳnh Đặng Tấn Phát").await;
    named(&store, "user22", "An").await;
    named(&store, "other", "A name with user2 in it").await;
    assert_eq!(found(&store, " user2").await, ["User2", "other"]);
    for part in ["user", "ser2", "user2%", "user222"] {
        assert!(
            !found(&store, part).await.contains(&"User2".to_owned()),
            "{part}"
        );
    }
}

/// By folded name, then by id; the same people every time.
pub async fn decision_29_at_most_fifty_are_found_in_the_order_of_their_names(
    store: Arc<dyn CustomerStore>,
) {
    for (username, full_name) in [("z", "Zoë An"), ("a2", "Ấn"), ("a1", "an"), ("o", "Ọ an")] {
        named(&store, username, full_name).await;
    }
    assert_eq!(found(&store, "an").await, ["a2", "a1", "o", "z"]);
    let mut expected = vec!["a2".to_owned(), "a1".to_owned()];
    for number in (0..60).rev() {
        let username = format!("m{number:02}");
        named(&store, &username, &format!("Anh {number:02}")).await;
    }
    expected.extend((0..48).map(|number| format!("m{number:02}")));
    assert_eq!(i64::try_from(expected.len()), Ok(MAX_HITS));
    assert_eq!(found(&store, "AN").await, expected);
}

/// Of strangers by eight digits, of acquaintances by four; a customer without a number is not found.
pub async fn b11_numbers_are_found_by_a_part_and_national_and_international_forms_are_one(
    store: Arc<dyn CustomerStore>,
) {
    let mut ids = Vec::new();
    for (username, phone_number) in [
        ("an", Some("0901234567")),
        ("binh", Some("+84901234567")),
        ("chi", Some("0987654321")),
        ("dung", None),
        ("em", Some("+12025550123")),
    ] {
        let new = NewCustomer {
            phone_number: phone_number.map(str::to_owned),
            ..account(username)
        };
        ids.push(store.insert(&new).await.unwrap().customer_id);
    }
    let acquaintances = [ids[0], ids[1], ids[3]];
    for (part, of_strangers, with_acquaintances) in [
        ("0901234567", vec!["an", "binh"], vec!["an", "binh"]),
        ("+84901234567", vec!["an", "binh"], vec!["an", "binh"]),
        ("0084901234567", vec!["an", "binh"], vec!["an", "binh"]),
        ("12345678", vec![], vec![]),
        ("90123456", vec!["an", "binh"], vec!["an", "binh"]),
        ("01234567", vec!["an", "binh"], vec!["an", "binh"]),
        ("9012345", vec![], vec!["an", "binh"]),
        ("4567", vec![], vec!["an", "binh"]),
        ("0901", vec![], vec!["an", "binh"]),
        ("+84901", vec![], vec!["an", "binh"]),
        ("456", vec![], vec![]),
        ("+84", vec![], vec![]),
        ("4321", vec![], vec![]),
        ("98765432", vec!["chi"], vec!["chi"]),
        ("+1987654321", vec!["chi"], vec!["chi"]),
        ("00000000", vec![], vec![]),
        ("09012345678", vec![], vec![]),
        ("2025550123", vec!["em"], vec!["em"]),
        ("02025550123", vec!["em"], vec!["em"]),
    ] {
        let search = PhoneSearch::parse(part).unwrap();
        for (among, usernames) in [
            (&[][..], of_strangers),
            (&acquaintances, with_acquaintances),
        ] {
            let hits = store.search_phone_numbers(&search, among).await.unwrap();
            let found: Vec<&str> = hits.iter().map(|hit| hit.username.as_str()).collect();
            assert_eq!(found, usernames, "{part}");
        }
    }
}
