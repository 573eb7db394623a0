//! `GET /info/fullName/…` and `GET /info/phoneNumber/…`.

use std::sync::Arc;

use axum::http::StatusCode;
use colloquy_customer::Customers;
use serde_json::{Value, json};

use super::{assert_refused, get, user1};
use crate::{
    parts::seeded,
    system::{BROWSER, Client, System, USER1},
};

/// Whose ids are in the list, in its order.
async fn ids(customers: &Arc<Customers>, path: &str) -> Vec<Value> {
    let (status, answer) = get(customers, 3, path).await;
    assert_eq!(status, StatusCode::OK, "{path}: {answer}");
    let list = answer["data"].as_array().unwrap();
    list.iter().map(|hit| hit["customerId"].clone()).collect()
}

#[tokio::test]
async fn contract_customer_search_names_200_ignores_accents_and_case() {
    let (_folder, customers) = seeded().await;
    for (part, found) in [
        ("vu", vec![1]),
        ("V%C5%A9", vec![1]),
        ("DANG", vec![2]),
        ("thanh%20hai", vec![1]),
        ("an", vec![2, 3, 1]),
        ("%25", vec![]),
        ("_", vec![]),
        ("nobody", vec![]),
    ] {
        let path = format!("/info/fullName/{part}");
        assert_eq!(ids(&customers, &path).await, found, "{part}");
    }
}

async fn numbers(system: &System, part: &str) -> Vec<i64> {
    let path = format!("/info/phoneNumber/{part}");
    let answer = USER1.get(system, &path).await.assert_done();
    let found = answer.body["data"].as_array().unwrap();
    found
        .iter()
        .map(|hit| hit["customerId"].as_i64().unwrap())
        .collect()
}

/// One's own number by four, too.
#[tokio::test]
async fn contract_customer_search_phone_numbers_200_finds_a_part() {
    let system = System::start().await;
    for (part, found) in [
        ("0918765432", vec![2]),
        ("18765432", vec![2]),
        ("+84987654321", vec![3]),
        ("1234", vec![1]),
        ("0123456789", vec![]),
    ] {
        assert_eq!(numbers(&system, part).await, found, "{part}");
    }
}

/// Nor by one digit after the other: a search of fewer than eight digits tells of strangers as much as one of none.
#[tokio::test]
async fn b11_fewer_digits_find_only_people_whom_the_caller_shares_a_room_with() {
    let system = System::start().await;
    *system.rooms.members.lock().unwrap() = vec![vec![2, 3]];
    for part in ["8765", "1876543", "987654", "0918", "432", "1"] {
        assert!(numbers(&system, part).await.is_empty(), "{part}");
    }
    *system.rooms.members.lock().unwrap() = vec![vec![2, 1]];
    for (part, found) in [("8765", vec![2]), ("0918", vec![2]), ("432", vec![])] {
        assert_eq!(numbers(&system, part).await, found, "{part}");
    }
    system.rooms.health.set_down(true);
    assert!(
        numbers(&system, "8765").await.is_empty(),
        "shared with none"
    );
    assert_eq!(numbers(&system, "18765432").await, [2]);
}

/// A search that finds no one for want of digits is none of them; other searches are not counted.
#[tokio::test]
async fn b11_429_after_two_hundred_searches_for_numbers_in_a_day() {
    let system = System::start().await;
    for search in 0..200 {
        numbers(&system, if search % 2 == 0 { "8765" } else { "18765432" }).await;
        system.advance_seconds(2);
    }
    let path = "/info/phoneNumber/18765432";
    USER1.get(&system, path).await.assert_wait(429, 86_000);
    assert!(numbers(&system, "187").await.is_empty());
    USER1.get(&system, "/info/fullName/vu").await.assert_done();
    system.advance_seconds(86_000);
    assert_eq!(numbers(&system, "18765432").await, [2]);
}

#[tokio::test]
async fn s17_a_list_shows_others_in_part_and_the_caller_whole() {
    let (_folder, customers) = seeded().await;
    let other = json!({
        "customerId": 2, "username": "user2", "fullName": "Huỳnh Đặng Tấn Phát", "avatarColor": "#2196F3",
        "phoneNumber": "*******432"
    });
    for (path, expected) in [
        ("/info/fullName/huynh", &other),
        ("/info/phoneNumber/0918765432", &other),
        ("/info/fullName/vu", &user1()),
    ] {
        let (_, answer) = get(&customers, 1, path).await;
        assert_eq!(answer["data"], json!([expected]), "{path}");
    }
}

#[tokio::test]
async fn decision_29_400_for_a_search_that_says_too_little() {
    let (_folder, customers) = seeded().await;
    for path in [
        "/info/phoneNumber/+",
        "/info/phoneNumber/%25%25%25%25",
        "/info/phoneNumber/090a",
        "/info/phoneNumber/0901%00",
        "/info/fullName/%20",
        "/info/fullName/%CC%81",
        "/info/fullName/a%00",
        "/info/fullName/a%0D%0Ab",
        "/info/fullName/a%0D%0A",
        "/info/phoneNumber/0901%0A",
        "/info/fullName/%FF",
    ] {
        let answer = get(&customers, 1, path).await;
        assert_refused(&answer, StatusCode::BAD_REQUEST, path);
    }
}

#[tokio::test]
async fn decision_29_429_after_thirty_searches_in_a_minute() {
    let system = System::start().await;
    let user2 = Client {
        customer: Some(2),
        ..BROWSER
    };
    let paths = ["/info/fullName/vu", "/info/phoneNumber/0901"];
    for path in paths.iter().cycle().take(30) {
        USER1.get(&system, path).await.assert_done();
    }
    for path in paths {
        USER1.get(&system, path).await.assert_wait(429, 2);
        user2.get(&system, path).await.assert_done();
    }
    system.advance_seconds(60);
    USER1.get(&system, paths[0]).await.assert_done();
}
