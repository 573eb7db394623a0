//! `POST /internal/directory`.

use axum::http::StatusCode;
use colloquy_chassis::ServiceName;
use colloquy_service_api::customer_directory;
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
async fn decision_24_outsiders_are_refused() {
    refuses_outsiders(customer_directory::PATH, &json!([1])).await;
}
