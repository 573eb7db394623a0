//! `POST /create/account`.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use colloquy_contracts::CustomerId;
use colloquy_customer::Customers;
use colloquy_service_api::{
    CredentialCheck as _, CustomerDirectory as _, credential_check::Credential,
};
use serde_json::{Value, json};

use super::{ANONYMOUS, assert_refused, call};
use crate::parts::seeded;

async fn create(customers: &Arc<Customers>, body: &str) -> (StatusCode, Value) {
    call(customers, ANONYMOUS, Method::POST, "/create/account", body).await
}

fn an() -> Value {
    json!({
        "username": "An.Nguyễn", "password": "correct horse", "fullName": "Nguyễn Ân", "email": "An@Example.com",
        "phoneNumber": "+84901234567", "avatarColor": "#abcDEF"
    })
}

/// [`an`] with one field changed.
fn with(field: &str, value: impl Into<Value>) -> String {
    let mut body = an();
    body[field] = value.into();
    body.to_string()
}

fn without(field: &str) -> String {
    let mut body = an();
    body.as_object_mut().unwrap().remove(field);
    body.to_string()
}

#[tokio::test]
async fn contract_customer_create_account_200_answers_the_customer_as_typed() {
    let (_system, customers) = seeded().await;
    let (status, answer) = create(&customers, &an().to_string()).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let expected = json!({
        "customerId": 4, "username": "An.Nguyễn", "fullName": "Nguyễn Ân", "email": "An@Example.com",
        "phoneNumber": "+84901234567", "avatarColor": "#abcDEF"
    });
    assert_eq!(answer["success"], true);
    assert_eq!(answer["data"], expected);
}

#[tokio::test]
async fn contract_customer_create_account_200_fills_what_was_left_out() {
    let (_system, customers) = seeded().await;
    for (id, phone) in [(4, Value::Null), (5, json!("")), (6, json!(" "))] {
        let body = json!({
            "username": format!("an{id}"), "password": "correct horse", "fullName": "An", "phoneNumber": phone,
            "email": format!("an{id}@example.com"),
        });
        let (status, answer) = create(&customers, &body.to_string()).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        assert_eq!(answer["data"]["customerId"], id);
        assert_eq!(answer["data"]["phoneNumber"], Value::Null);
        assert_eq!(answer["data"]["avatarColor"], "#000000");
    }
}

#[tokio::test]
async fn contract_customer_create_account_makes_a_customer_other_services_know() {
    let (system, customers) = seeded().await;
    create(&customers, &an().to_string()).await;
    let credential = |password: &str| Credential {
        username: "AN.nguyễn".to_owned(),
        password: password.to_owned(),
    };
    let account = system
        .credentials
        .check(&credential("correct horse"))
        .await
        .unwrap();
    let account = account.unwrap();
    assert_eq!(account.customer_id, CustomerId(4));
    assert_eq!(account.roles, ["ROLE_USER"]);
    for password in ["correct hors", "correct horse ", "Correct horse", ""] {
        let refused = system
            .credentials
            .check(&credential(password))
            .await
            .unwrap();
        assert_eq!(refused, None, "{password:?}");
    }
    let names = customers.full_names(&[CustomerId(4)]).await.unwrap();
    assert_eq!(names[&CustomerId(4)], "Nguyễn Ân");
}

#[tokio::test]
async fn contract_customer_create_account_400_for_each_rule_of_a_field() {
    let (_system, customers) = seeded().await;
    for (field, value) in [
        ("username", "an".to_owned()),
        ("username", "a".repeat(65)),
        ("password", "horse 7".to_owned()),
        ("password", "ü".repeat(129)),
        ("password", "Password123".to_owned()),
        ("password", "nguyen1234".to_owned()),
        ("fullName", String::new()),
        ("fullName", " \t".to_owned()),
        ("fullName", "ü".repeat(101)),
        ("email", String::new()),
        ("email", "an.example.com".to_owned()),
        ("email", format!("an@{}.com", "a.".repeat(130))),
        ("phoneNumber", "123".to_owned()),
        ("phoneNumber", "090 123".to_owned()),
        ("avatarColor", String::new()),
        ("avatarColor", "red".to_owned()),
    ] {
        let answer = create(&customers, &with(field, value.clone())).await;
        let what = format!("{field}: {value}");
        assert_refused(&answer, StatusCode::BAD_REQUEST, &what);
    }
    assert_no_account_was_made(&customers).await;
}

#[tokio::test]
async fn contract_customer_create_account_400_for_a_body_of_another_shape() {
    let (_system, customers) = seeded().await;
    let mut bodies: Vec<String> = ["", "{", "null", "[]", "\"an\""].map(str::to_owned).into();
    for field in ["username", "password", "fullName", "email"] {
        bodies.push(without(field));
        bodies.push(with(field, Value::Null));
        bodies.push(with(field, 7));
    }
    bodies.push(with("phoneNumber", 901_234_567));
    for body in bodies {
        let answer = create(&customers, &body).await;
        assert_refused(&answer, StatusCode::BAD_REQUEST, &body);
    }
    assert_no_account_was_made(&customers).await;
}

#[tokio::test]
async fn contract_customer_create_account_400_names_what_is_taken() {
    let (_system, customers) = seeded().await;
    for (field, value, word) in [
        ("username", "USER1", "username"),
        ("email", "User1@Example.COM", "mail address"),
        ("phoneNumber", "0901234567", "phone number"),
    ] {
        let answer = create(&customers, &with(field, value)).await;
        assert_refused(&answer, StatusCode::BAD_REQUEST, field);
        let message = answer.1["message"].as_str().unwrap_or_default();
        assert!(message.contains(word), "{message}");
    }
    assert_no_account_was_made(&customers).await;
}

#[tokio::test]
async fn s18_unknown_fields_do_nothing_and_doubled_ones_are_400() {
    let (system, customers) = seeded().await;
    let doubled = an()
        .to_string()
        .replacen('{', "{\"username\":\"other\",", 1);
    let answer = create(&customers, &doubled).await;
    assert_refused(&answer, StatusCode::BAD_REQUEST, &doubled);
    assert_no_account_was_made(&customers).await;
    let mut body = an();
    body["customerId"] = json!(1);
    body["roles"] = json!(["ROLE_ADMIN"]);
    body["password_hash"] = json!("x");
    let (_, answer) = create(&customers, &body.to_string()).await;
    assert_eq!(answer["data"]["customerId"], 4);
    let credential = Credential {
        username: "An.Nguyễn".to_owned(),
        password: "correct horse".to_owned(),
    };
    let account = system
        .credentials
        .check(&credential)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(account.roles, ["ROLE_USER"]);
}

#[tokio::test]
async fn s31_control_characters_are_400_in_every_field_that_is_shown_or_mailed() {
    let (_system, customers) = seeded().await;
    for field in [
        "username",
        "fullName",
        "email",
        "phoneNumber",
        "avatarColor",
    ] {
        let value = an()[field].as_str().unwrap().to_owned();
        let (head, tail) = value.split_at(3);
        for control in ["\r\n", "\n", "\r", "\0", "\u{7f}", "\u{85}", "\u{2028}"] {
            for value in [
                format!("{head}{control}{tail}"),
                format!("{value}{control}"),
            ] {
                let answer = create(&customers, &with(field, value)).await;
                assert_refused(&answer, StatusCode::BAD_REQUEST, field);
            }
        }
    }
    assert_no_account_was_made(&customers).await;
}

/// The next account is still the fourth.
async fn assert_no_account_was_made(customers: &Arc<Customers>) {
    let made = customers.full_names(&[CustomerId(4)]).await.unwrap();
    assert!(made.is_empty(), "{made:?}");
}
