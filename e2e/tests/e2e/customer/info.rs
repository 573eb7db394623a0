//! `GET /customer/info` and `POST /customer/info`.

use anyhow::Result;
use serde_json::{Value, json};

use super::newcomer::unique_word;
use crate::scene::{assert_common, assert_refused, keys, scene};

const INFO: &str = "/customer/info";

#[tokio::test]
async fn contract_customer_info_200_is_ones_own_account_whole() -> Result<()> {
    let newcomer = scene().await?.newcomer("Vũ Ân").await?;
    let answer = newcomer.client.get(INFO).await?;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(keys(&answer.body), ["data", "message", "success"]);
    assert_common(&answer, "one's own account");
    assert_eq!(*answer.data(), newcomer.whole());
    Ok(())
}

#[tokio::test]
async fn contract_customer_info_200_is_as_seeded() -> Result<()> {
    let user3 = scene().await?.user3;
    let seeded = json!({
        "customerId": 3,
        "username": "user3",
        "fullName": "Nguyễn Anh Quốc",
        "email": "user3@example.com",
        "phoneNumber": "0987654321",
        "avatarColor": "#FF9800",
    });
    assert_eq!(*user3.get(INFO).await?.data(), seeded);
    Ok(())
}

#[tokio::test]
async fn contract_customer_change_info_200_is_shown_to_every_customer() -> Result<()> {
    let scene = scene().await?;
    let newcomer = scene.newcomer("Before").await?;
    let word = unique_word();
    let body = json!({
        "fullName": format!("Đặng {word}"),
        "email": format!("{word}@Example.org"),
        "phoneNumber": newcomer.account.phone_number,
        "avatarColor": "#abcdef",
    });
    let answer = newcomer.client.post(INFO, &body).await?;
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut whole = body.clone();
    whole["customerId"] = json!(newcomer.id);
    whole["username"] = json!(newcomer.account.username);
    assert_eq!(*answer.data(), whole);
    assert_eq!(*newcomer.client.get(INFO).await?.data(), whole);
    let path = format!("/customer/fullName/customerId/{}", newcomer.id);
    assert_eq!(*scene.user1.get(&path).await?.data(), body["fullName"]);
    let path = format!("/customer/info/fullName/dang%20{word}");
    let found = newcomer.client.get(&path).await?;
    assert_eq!(*found.data(), json!([whole]));
    let account = &newcomer.account;
    scene
        .anonymous()?
        .login(&account.username, &account.password)
        .await?;
    Ok(())
}

#[tokio::test]
async fn decision_31_an_absent_phone_in_the_profile_is_cleared() -> Result<()> {
    let newcomer = scene().await?.newcomer("An").await?;
    let body = json!({
        "fullName": "An", "email": newcomer.account.email, "avatarColor": "#000000"
    });
    let answer = newcomer.client.post(INFO, &body).await?;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.data()["phoneNumber"], Value::Null);
    Ok(())
}

#[tokio::test]
async fn contract_customer_change_info_400_for_each_rule_of_a_field() -> Result<()> {
    let scene = scene().await?;
    let newcomer = scene.newcomer("An").await?;
    let other = scene.newcomer("Binh").await?.account;
    for (field, value) in [
        ("fullName", json!("")),
        ("fullName", json!("ü".repeat(101))),
        ("fullName", json!("An\r\nBcc: x@example.com")),
        ("fullName", Value::Null),
        ("email", json!("an@")),
        ("email", json!("an@example.com\r\n")),
        ("email", json!(other.email.to_uppercase())),
        ("email", Value::Null),
        ("phoneNumber", json!("12")),
        ("phoneNumber", json!(other.phone_number)),
        ("avatarColor", json!("#12345")),
        ("avatarColor", Value::Null),
    ] {
        let mut body = newcomer.account.body();
        body[field] = value;
        let what = body.to_string();
        assert_refused(&newcomer.client.post(INFO, &body).await?, 400, &what);
    }
    assert_eq!(*newcomer.client.get(INFO).await?.data(), newcomer.whole());
    Ok(())
}

#[tokio::test]
async fn s18_no_customer_changes_another() -> Result<()> {
    let scene = scene().await?;
    let (newcomer, other) = (scene.newcomer("An").await?, scene.newcomer("Binh").await?);
    let mut body = newcomer.whole();
    body["customerId"] = json!(other.id);
    body["username"] = json!(other.account.username);
    let answer = newcomer.client.post(INFO, &body).await?;
    assert_eq!(*answer.data(), newcomer.whole());
    assert_eq!(*other.client.get(INFO).await?.data(), other.whole());
    Ok(())
}
