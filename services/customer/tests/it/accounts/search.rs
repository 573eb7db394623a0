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

#[tokio::test]
async fn contract_customer_search_phone_numbers_200_finds_a_part() {
    let (_folder, customers) = seeded().await;
    for (part, found) in [
        ("0901234567", vec![1]),
        ("1234", vec![1]),
        ("4321", vec![3]),
        ("8765", vec![2, 3]),
        ("5555", vec![]),
    ] {
        let path = format!("/info/phoneNumber/{part}");
        assert_eq!(ids(&customers, &path).await, found, "{part}");
    }
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
        "/info/phoneNumber/090",
        "/info/phoneNumber/+090",
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
