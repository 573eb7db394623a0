//! `POST /internal/directory`.

use std::collections::HashMap;

use axum::http::StatusCode;
use colloquy_chassis::ServiceName;
use colloquy_contracts::CustomerId;
use colloquy_service_api::{CustomerDirectory as _, customer_directory};
use serde_json::json;

use super::{post, refuses_outsiders};
use crate::parts::seeded;

#[tokio::test]
async fn those_who_exist_are_named_and_the_others_are_absent() {
    let (_folder, customers) = seeded().await;
    let command = Some(ServiceName::ChatCommand);
    let asked = json!([2, 99, 1, 2]);
    let (status, answer) = post(&customers, command, customer_directory::PATH, &asked).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        answer["data"],
        json!({"1": "Vũ Thanh Hải", "2": "Huỳnh Đặng Tấn Phát"})
    );
}

#[tokio::test]
async fn in_process_the_answer_is_the_same() {
    let (_folder, customers) = seeded().await;
    let command = Some(ServiceName::ChatCommand);
    let asked = json!([1, 2, 99]);
    let (_, answer) = post(&customers, command, customer_directory::PATH, &asked).await;
    let wire: HashMap<CustomerId, String> = serde_json::from_value(answer["data"].clone()).unwrap();
    let names = customers
        .full_names(&[1, 2, 99].map(CustomerId))
        .await
        .unwrap();
    assert_eq!(wire, names);
    assert_eq!(names.len(), 2);
}

#[tokio::test]
async fn decision_24_outsiders_are_refused() {
    refuses_outsiders(customer_directory::PATH, &json!([1])).await;
}
