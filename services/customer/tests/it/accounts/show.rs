//! `GET /info`, `GET /info/customerId/…`, `GET /fullName/customerId/…`.

use axum::http::StatusCode;
use serde_json::json;

use super::{assert_refused, get, user1};
use crate::parts::seeded;

#[tokio::test]
async fn contract_customer_info_200_is_ones_own_account_whole() {
    let (_folder, customers) = seeded().await;
    let (status, answer) = get(&customers, 1, "/info").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(answer["data"], user1());
}

#[tokio::test]
async fn contract_customer_info_404_when_the_account_is_gone() {
    let (_folder, customers) = seeded().await;
    let answer = get(&customers, 99, "/info").await;
    assert_refused(&answer, StatusCode::NOT_FOUND, "no account");
}

#[tokio::test]
async fn s17_others_see_no_mail_address_and_the_end_of_the_number() {
    let (_folder, customers) = seeded().await;
    let (status, answer) = get(&customers, 2, "/info/customerId/1").await;
    assert_eq!(status, StatusCode::OK);
    let public = json!({
        "customerId": 1, "username": "user1", "fullName": "Vũ Thanh Hải", "avatarColor": "#4CAF50",
        "phoneNumber": "*******567"
    });
    assert_eq!(answer["data"], public);
    let (_, own) = get(&customers, 1, "/info/customerId/1").await;
    assert_eq!(own["data"], user1());
}

#[tokio::test]
async fn contract_customer_full_name_200_is_the_name_alone() {
    let (_folder, customers) = seeded().await;
    for caller in [1, 2] {
        let (status, answer) = get(&customers, caller, "/fullName/customerId/2").await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(answer["data"], "Huỳnh Đặng Tấn Phát");
    }
}

#[tokio::test]
async fn contract_customer_by_id_404_for_no_customer_and_400_for_no_id() {
    let (_folder, customers) = seeded().await;
    for path in ["/info/customerId", "/fullName/customerId"] {
        for id in ["99", "0", "-1", "9223372036854775807"] {
            let path = format!("{path}/{id}");
            assert_refused(
                &get(&customers, 1, &path).await,
                StatusCode::NOT_FOUND,
                &path,
            );
        }
        for id in ["an", "1.5", "9223372036854775808", "1%20", "%00", "%FF"] {
            let path = format!("{path}/{id}");
            assert_refused(
                &get(&customers, 1, &path).await,
                StatusCode::BAD_REQUEST,
                &path,
            );
        }
    }
}
