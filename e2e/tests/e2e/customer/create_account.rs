//! `POST /customer/create/account`.

use anyhow::Result;
use colloquy_e2e::client::{NewAccount, USER1};
use reqwest::{Method, header::CONTENT_TYPE};
use serde_json::{Value, json};

use crate::scene::{assert_common, assert_refused, keys, listed, scene};

const SIGN_UP: &str = "/customer/create/account";

#[tokio::test]
async fn contract_customer_create_account_200_answers_the_whole_customer() -> Result<()> {
    let anonymous = scene().await?.anonymous()?;
    let mut body = NewAccount::called("Nguyễn Ân").body();
    let answer = anonymous.post(SIGN_UP, &body).await?;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(keys(&answer.body), ["data", "message", "success"]);
    assert_eq!(answer.body["success"], true);
    assert_common(&answer, "a new account");
    assert_eq!(answer.session_cookie(), None);
    let id = answer.data()["customerId"].as_i64().unwrap_or_default();
    assert!(id > 3, "{answer:?}");
    body["customerId"] = json!(id);
    body.as_object_mut().map(|fields| fields.remove("password"));
    assert_eq!(*answer.data(), body);
    Ok(())
}

#[tokio::test]
async fn contract_customer_create_account_200_fills_what_was_left_out() -> Result<()> {
    let anonymous = scene().await?.anonymous()?;
    for phone in [None, Some(Value::Null), Some(json!(""))] {
        let mut body = NewAccount::called("An").body();
        if let Some(fields) = body.as_object_mut() {
            fields.remove("avatarColor");
            fields.remove("phoneNumber");
        }
        if let Some(phone) = phone {
            body["phoneNumber"] = phone;
        }
        let answer = anonymous.post(SIGN_UP, &body).await?;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.data()["avatarColor"], "#000000");
        assert_eq!(answer.data()["phoneNumber"], Value::Null);
    }
    Ok(())
}

#[tokio::test]
async fn contract_customer_create_account_makes_a_customer_who_logs_in_and_chats() -> Result<()> {
    let scene = scene().await?;
    let newcomer = scene.newcomer("Huỳnh Đặng Ân").await?;
    let room = scene.user1.create_room("Welcome", &[newcomer.id]).await?;
    let view = listed(&newcomer.client, room, "the newcomer's room", |_| true).await?;
    assert_eq!(view["participantIds"], json!([USER1.id, newcomer.id]));
    let sent = newcomer.client.send(room, "hello", None).await?;
    let history = scene.user1.history_from(room, sent.seq).await?;
    assert_eq!(history[0].sender_id, newcomer.id);
    assert_eq!(history[0].sender_full_name, "Huỳnh Đặng Ân");
    Ok(())
}

#[tokio::test]
async fn contract_customer_create_account_400_for_each_rule_of_a_field() -> Result<()> {
    let anonymous = scene().await?.anonymous()?;
    let account = NewAccount::called("An");
    for (field, value) in [
        ("username", json!("an")),
        ("username", json!("ü".repeat(65))),
        ("username", Value::Null),
        ("password", json!("horse 7")),
        ("password", json!("ü".repeat(129))),
        ("password", json!("Password123")),
        ("password", json!(account.username)),
        ("password", json!(12_345_678)),
        ("fullName", json!(" ")),
        ("fullName", json!("ü".repeat(101))),
        ("email", json!("an.example.com")),
        ("email", json!(format!("an@{}com", "a.".repeat(130)))),
        ("phoneNumber", json!("09o1234567")),
        ("phoneNumber", json!("123")),
        ("avatarColor", json!("blue")),
    ] {
        let mut body = account.body();
        body[field] = value;
        let what = body.to_string();
        assert_refused(&anonymous.post(SIGN_UP, &body).await?, 400, &what);
    }
    for field in ["username", "password", "fullName", "email"] {
        let mut body = account.body();
        body.as_object_mut().map(|fields| fields.remove(field));
        assert_refused(&anonymous.post(SIGN_UP, &body).await?, 400, field);
    }
    anonymous.sign_up(&account).await?;
    Ok(())
}

#[tokio::test]
async fn s31_control_characters_are_400_in_every_field_that_is_shown_or_mailed() -> Result<()> {
    let anonymous = scene().await?.anonymous()?;
    for field in ["username", "fullName", "email", "phoneNumber"] {
        for control in ["\r\nBcc: x@example.com", "\n", "\0", "\u{7f}"] {
            let mut body = NewAccount::called("Nguyen An").body();
            let value = body[field].as_str().unwrap_or_default();
            body[field] = json!(format!("{value}{control}"));
            let what = body.to_string();
            assert_refused(&anonymous.post(SIGN_UP, &body).await?, 400, &what);
        }
    }
    Ok(())
}

#[tokio::test]
async fn contract_customer_create_account_400_says_what_is_taken() -> Result<()> {
    let scene = scene().await?;
    let first = scene.newcomer("An").await?.account;
    for (field, value, word) in [
        ("username", first.username.to_uppercase(), "username"),
        ("email", first.email.to_uppercase(), "mail address"),
        ("phoneNumber", first.phone_number.clone(), "phone number"),
    ] {
        let mut body = NewAccount::called("An").body();
        body[field] = json!(value);
        let answer = scene.anonymous()?.post(SIGN_UP, &body).await?;
        assert_refused(&answer, 400, field);
        let message = answer.body["message"].as_str().unwrap_or_default();
        assert!(message.contains(word), "{message}");
    }
    Ok(())
}

#[tokio::test]
async fn contract_customer_create_account_of_two_at_once_one_is_made() -> Result<()> {
    let scene = scene().await?;
    let account = NewAccount::called("An");
    let (one, two) = (scene.anonymous()?, scene.anonymous()?);
    let body = account.body();
    let (one, two) = tokio::join!(one.post(SIGN_UP, &body), two.post(SIGN_UP, &body));
    let mut answers = [one?, two?];
    answers.sort_by_key(|answer| answer.status);
    assert_eq!(answers[0].status, 200, "{answers:?}");
    assert_refused(&answers[1], 400, "the second");
    Ok(())
}

#[tokio::test]
async fn contract_customer_create_account_415_for_a_body_that_does_not_say_json() -> Result<()> {
    let anonymous = scene().await?.anonymous()?;
    let request = anonymous
        .request(Method::POST, SIGN_UP)
        .header(CONTENT_TYPE, "text/plain")
        .body(NewAccount::called("An").body().to_string());
    assert_refused(&anonymous.fetch(request).await?, 415, "text/plain");
    Ok(())
}

#[tokio::test]
async fn s18_no_client_signs_up_with_a_role_or_an_id_of_its_choice() -> Result<()> {
    let anonymous = scene().await?.anonymous()?;
    let mut body = NewAccount::called("An").body();
    body["customerId"] = json!(USER1.id);
    body["roles"] = json!(["ROLE_ADMIN"]);
    let answer = anonymous.post(SIGN_UP, &body).await?;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_ne!(answer.data()["customerId"], USER1.id);
    assert_eq!(answer.data()["roles"], Value::Null);
    let doubled = body
        .to_string()
        .replacen('{', "{\"username\":\"somebody-else\",", 1);
    let request = anonymous
        .request(Method::POST, SIGN_UP)
        .header(CONTENT_TYPE, "application/json")
        .body(doubled);
    assert_refused(&anonymous.fetch(request).await?, 400, "a doubled field");
    Ok(())
}
