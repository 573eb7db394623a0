//! `POST /forgetPass/initiate`, and what it has in common with resend.

use std::sync::Arc;

use colloquy_chassis::Lifecycle;
use colloquy_contracts::Timestamp;
use colloquy_customer::Settings;
use colloquy_expiring_store::{RedisExpiringStore, expiring_store::redis::RedisSettings};
use serde_json::json;

use super::{USER1_EMAIL, initiate, resend};
use crate::system::{Answer, BROWSER, Client, SETTINGS, System};

#[tokio::test]
async fn contract_customer_forget_pass_initiate_200_mails_a_code_to_the_account() {
    let mut system = System::start().await;
    initiate(&system, "USER1@example.COM").await.assert_done();
    let mail = system.mail().await;
    assert_eq!(mail.to, USER1_EMAIL);
    assert!(mail.body.contains("100001"), "{}", mail.body);
    assert!(mail.body.contains("5 minutes"), "{}", mail.body);
    let over = Timestamp::from_millis(1_700_000_300_000);
    assert_eq!(mail.expires_at, Some(over));
    let key = format!("RESET_CONFIRMATION:{USER1_EMAIL}");
    let pending = system.confirmations.get(&key).await.unwrap().unwrap();
    assert_eq!(pending.value, "PENDING");
    assert!(pending.remaining.as_secs() <= 300 && pending.remaining.as_secs() > 290);
}

#[tokio::test]
async fn contract_customer_forget_pass_initiate_200_mails_a_live_code_again() {
    let mut system = System::start().await;
    initiate(&system, USER1_EMAIL).await.assert_done();
    let first = system.mailed_code().await;
    system.advance_seconds(60);
    initiate(&system, USER1_EMAIL).await.assert_done();
    let mail = system.mail().await;
    assert!(mail.body.contains(&first), "{}", mail.body);
    assert!(mail.body.contains("4 minutes"), "{}", mail.body);
    // One that would be over before it is read is of no use.
    system.advance_seconds(239);
    initiate(&system, USER1_EMAIL).await.assert_done();
    assert_ne!(system.mailed_code().await, first);
}

#[tokio::test]
async fn contract_customer_forget_pass_initiate_400_for_what_is_no_address() {
    let system = System::start().await;
    for path in ["/forgetPass/initiate", "/forgetPass/resend"] {
        for body in [
            json!({}),
            json!({"email": ""}),
            json!({"email": null}),
            json!({"email": 7}),
            json!({"email": "user1"}),
            json!({"email": "user1@example.com\r\nBcc: x@example.com"}),
            json!({"email": "user1@example.com, x@example.com"}),
        ] {
            BROWSER.post(&system, path, body).await.assert_refused(400);
        }
    }
    assert_eq!(system.codes.made(), 0);
}

#[tokio::test]
async fn s05_initiate_and_resend_answer_everybody_the_same_and_mail_accounts_alone() {
    let mut system = System::start().await;
    let unknown = "nobody@example.com";
    let first = initiate(&system, unknown).await.assert_done();
    let first = first.without_cookie();
    let is_the_same = |answer: Answer| assert_eq!(answer.without_cookie(), first);
    is_the_same(initiate(&system, USER1_EMAIL).await);
    is_the_same(resend(&system, unknown).await);
    is_the_same(resend(&system, USER1_EMAIL).await);
    system.advance_seconds(60);
    is_the_same(resend(&system, unknown).await);
    is_the_same(resend(&system, USER1_EMAIL).await);
    // The queue is worked off in order: what the unknown address had before is done by now.
    for code in ["100001", "100002"] {
        let mail = system.mail().await;
        assert_eq!(mail.to, USER1_EMAIL);
        assert!(mail.body.contains(code), "{}", mail.body);
        assert!(!first.body.to_string().contains(code));
    }
    assert!(system.no_mail());
    assert_eq!(system.codes.made(), 2);
}

#[tokio::test]
async fn s05_no_answer_waits_for_what_only_an_account_needs() {
    let mut system = System::start().await;
    system.codes.health.set_hanging(true);
    system.post.health.set_hanging(true);
    let known = initiate(&system, USER1_EMAIL).await.assert_done();
    let known = known.without_cookie();
    system.codes.health.called().await;
    let unknown = initiate(&system, "nobody@example.com").await;
    assert_eq!(unknown.without_cookie(), known);
    let other = resend(&system, "user2@example.com").await;
    assert_eq!(other.without_cookie(), known);
    system.codes.health.set_hanging(false);
    system.post.health.set_hanging(false);
    assert_eq!(system.mail().await.to, USER1_EMAIL);
    assert_eq!(system.mail().await.to, "user2@example.com");
}

#[tokio::test]
async fn s05_503_for_everybody_while_codes_cannot_be_kept() {
    let lifecycle = Lifecycle::default();
    let settings = RedisSettings {
        address: "redis://127.0.0.1:1".into(),
        key_prefix: String::new(),
    };
    let away = RedisExpiringStore::start(settings, &lifecycle.tasks()).unwrap();
    let system = System::build(SETTINGS, Arc::new(away), lifecycle).await;
    let known = initiate(&system, USER1_EMAIL).await.assert_wait(503, 1);
    assert_eq!(initiate(&system, "nobody@example.com").await, known);
    assert_eq!(resend(&system, USER1_EMAIL).await, known);
    assert_eq!(system.codes.made(), 0);
}

#[tokio::test]
async fn decision_26_429_after_so_many_requests_of_one_client_for_whatever_address() {
    let system = System::with(Settings {
        code_requests_per_hour: 3,
        ..SETTINGS
    })
    .await;
    initiate(&system, USER1_EMAIL).await.assert_done();
    initiate(&system, "nobody@example.com").await.assert_done();
    resend(&system, USER1_EMAIL).await.assert_done();
    let known = initiate(&system, USER1_EMAIL).await.assert_wait(429, 3600);
    assert_eq!(resend(&system, "nobody@example.com").await, known);
    let elsewhere = Client {
        address: "192.0.2.2",
        ..BROWSER
    };
    let body = json!({"email": USER1_EMAIL});
    let answer = elsewhere.post(&system, "/forgetPass/initiate", body).await;
    answer.assert_done();
    system.advance_seconds(3600);
    initiate(&system, USER1_EMAIL).await.assert_done();
}
