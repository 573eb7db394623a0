//! `POST /info`.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use colloquy_contracts::CustomerId;
use colloquy_customer::Customers;
use colloquy_service_api::CustomerDirectory as _;
use serde_json::{Value, json};

use super::{assert_refused, call, get, user1};
use crate::parts::seeded;

async fn change(customers: &Arc<Customers>, caller: i64, body: &str) -> (StatusCode, Value) {
    call(customers, Some(caller), Method::POST, "/info", body).await
}

fn changed() -> Value {
    json!({
        "fullName": "Vũ Hải", "email": "Hai@example.com", "phoneNumber": "0911222333", "avatarColor": "#010203"
    })
}

#[tokio::test]
async fn contract_customer_change_own_200_answers_the_changed_customer() {
    let (_folder, customers) = seeded().await;
    let (status, answer) = change(&customers, 1, &changed().to_string()).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let mut expected = changed();
    expected["customerId"] = json!(1);
    expected["username"] = json!("user1");
    assert_eq!(answer["data"], expected);
    assert_eq!(get(&customers, 1, "/info").await.1["data"], expected);
    let names = customers.full_names(&[CustomerId(1)]).await.unwrap();
    assert_eq!(names[&CustomerId(1)], "Vũ Hải");
}

#[tokio::test]
async fn decision_31_an_absent_phone_in_the_profile_is_cleared() {
    let (_folder, customers) = seeded().await;
    for phone in [None, Some(Value::Null), Some(json!(""))] {
        change(&customers, 1, &changed().to_string()).await;
        let mut body = changed();
        body.as_object_mut().unwrap().remove("phoneNumber");
        if let Some(phone) = phone {
            body["phoneNumber"] = phone;
        }
        let (status, answer) = change(&customers, 1, &body.to_string()).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        assert_eq!(answer["data"]["phoneNumber"], Value::Null);
    }
}

#[tokio::test]
async fn contract_customer_change_own_400_for_each_rule_of_a_field() {
    let (_folder, customers) = seeded().await;
    for (field, value) in [
        ("fullName", json!("")),
        ("fullName", json!("ü".repeat(101))),
        ("fullName", json!("Vũ\r\nHải")),
        ("email", json!("hai")),
        ("email", json!("hai@example.com\r\nBcc: x@example.com")),
        ("email", json!("USER2@example.com")),
        ("phoneNumber", json!("12")),
        ("phoneNumber", json!("0918765432")),
        ("avatarColor", json!("blue")),
        ("fullName", Value::Null),
        ("email", Value::Null),
        ("avatarColor", Value::Null),
        ("avatarColor", json!(7)),
    ] {
        let mut body = changed();
        body[field] = value;
        let body = body.to_string();
        let answer = change(&customers, 1, &body).await;
        assert_refused(&answer, StatusCode::BAD_REQUEST, &body);
    }
    for body in ["", "{}", "null", "[]"] {
        let answer = change(&customers, 1, body).await;
        assert_refused(&answer, StatusCode::BAD_REQUEST, body);
    }
    assert_eq!(get(&customers, 1, "/info").await.1["data"], user1());
}

/// An older account's, from before the rule.
#[tokio::test]
async fn b13_the_own_address_may_stay_although_it_can_never_be_mailed() {
    let (system, customers) = seeded().await;
    let own = "hai@my_domain.example";
    sqlx::query(
        "UPDATE customers SET email = $1, email_lower = $1, email_key = $1 WHERE customer_id = 1",
    )
    .bind(own)
    .execute(&system.database().writer)
    .await
    .unwrap();
    let mut body = changed();
    body["email"] = json!(own);
    let (status, answer) = change(&customers, 1, &body.to_string()).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["data"]["email"], own);
    assert_eq!(answer["data"]["fullName"], "Vũ Hải");
    let answer = change(&customers, 2, &body.to_string()).await;
    assert_refused(&answer, StatusCode::BAD_REQUEST, "another account's");
}

#[tokio::test]
async fn s18_no_customer_changes_another_or_the_own_username() {
    let (_folder, customers) = seeded().await;
    let mut body = changed();
    body["customerId"] = json!(2);
    body["username"] = json!("user2");
    let (_, answer) = change(&customers, 1, &body.to_string()).await;
    assert_eq!(answer["data"]["customerId"], 1);
    assert_eq!(answer["data"]["username"], "user1");
    let (_, user2) = get(&customers, 2, "/info").await;
    assert_eq!(user2["data"]["email"], "user2@example.com");
}

#[tokio::test]
async fn contract_customer_change_own_404_when_the_account_is_gone() {
    let (_folder, customers) = seeded().await;
    let answer = change(&customers, 99, &changed().to_string()).await;
    assert_refused(&answer, StatusCode::NOT_FOUND, "no account");
}

#[tokio::test]
async fn decision_30_429_after_thirty_other_mail_addresses_in_an_hour() {
    let (_folder, customers) = seeded().await;
    let mut body = changed();
    for number in 0..30 {
        body["email"] = json!(format!("hai{number}@example.com"));
        let (status, answer) = change(&customers, 1, &body.to_string()).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
    }
    // What stays as it is tells nothing, and is not limited.
    body["fullName"] = json!("Vũ Thanh");
    let (status, _) = change(&customers, 1, &body.to_string()).await;
    assert_eq!(status, StatusCode::OK);
    body["email"] = json!("user2@example.com");
    let (status, answer) = change(&customers, 1, &body.to_string()).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "{answer}");
}
