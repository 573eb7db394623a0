//! `POST /internal/credential/check`.

use axum::http::StatusCode;
use colloquy_chassis::ServiceName;
use colloquy_service_api::{CredentialCheck as _, credential_check};
use serde_json::{Value, json};

use super::{post, refuses_outsiders};
use crate::parts::seeded;

#[tokio::test]
async fn the_demo_accounts_are_as_the_contract_says() {
    let (_system, customers) = seeded().await;
    for (id, username, password, full_name) in [
        (1, "user1", "123", "Vũ Thanh Hải"),
        (2, "user2", "1234", "Huỳnh Đặng Tấn Phát"),
        (3, "USER3", "12345", "Nguyễn Anh Quốc"),
    ] {
        let body = json!({"username": username, "password": password});
        let auth = Some(ServiceName::Auth);
        let (status, answer) = post(&customers, auth, credential_check::PATH, &body).await;
        assert_eq!(status, StatusCode::OK);
        let account = json!({
            "customerId": id, "username": username.to_lowercase(), "fullName": full_name, "roles": ["ROLE_USER"],
            "sessionNumber": 1,
        });
        assert_eq!(answer["data"], account);
    }
    assert!(!customers.seed_demo().await.unwrap());
}

#[tokio::test]
async fn s05_unknown_users_and_wrong_passwords_have_the_same_answer() {
    let (_system, customers) = seeded().await;
    for (username, password) in [
        ("user1", "1234"),
        ("user1", ""),
        ("nobody", "123"),
        ("", ""),
    ] {
        let body = json!({"username": username, "password": password});
        let auth = Some(ServiceName::Auth);
        let (status, answer) = post(&customers, auth, credential_check::PATH, &body).await;
        assert_eq!(status, StatusCode::OK);
        let none = json!({"success": true, "message": "Credential checked.", "data": null});
        assert_eq!(answer, none, "{username}");
    }
}

#[tokio::test]
async fn in_process_the_answer_is_the_same() {
    let (system, _customers) = seeded().await;
    let credential = |password: &str| credential_check::Credential {
        username: "user1".to_owned(),
        password: password.to_owned(),
    };
    let account = system
        .credentials
        .check(&credential("123"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(account.customer_id.0, 1);
    assert_eq!(
        system.credentials.check(&credential("1234")).await.unwrap(),
        None
    );
}

#[tokio::test]
async fn malformed_questions_are_refused_in_the_envelope() {
    let (_system, customers) = seeded().await;
    for body in [
        json!({}),
        json!({"username": 1, "password": "x"}),
        Value::Null,
    ] {
        let auth = Some(ServiceName::Auth);
        let (status, answer) = post(&customers, auth, credential_check::PATH, &body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(answer["success"], false);
    }
}

#[tokio::test]
async fn decision_24_outsiders_are_refused() {
    let body = json!({"username": "user1", "password": "123"});
    refuses_outsiders(credential_check::PATH, &body).await;
}
