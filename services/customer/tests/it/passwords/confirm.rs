//! `POST /forgetPass/confirm`.

use colloquy_customer::Settings;
use serde_json::json;

use super::{USER1_EMAIL, confirm, initiate, reset};
use crate::system::{BROWSER, SETTINGS, System};

#[tokio::test]
async fn contract_customer_forget_pass_confirm_200_gives_a_ticket_in_body_and_cookie() {
    for (secure_cookie, end) in [(false, ""), (true, "; Secure")] {
        let settings = Settings {
            secure_cookie,
            ..SETTINGS
        };
        let mut system = System::with(settings).await;
        initiate(&system, USER1_EMAIL).await.assert_done();
        let code = system.mailed_code().await;
        let answer = confirm(&system, "User1@EXAMPLE.com", &code)
            .await
            .assert_done();
        let ticket = answer.body["data"]["resetTicket"].as_str().unwrap();
        assert_eq!(ticket.len(), 43, "256 bits in base64url");
        let cookie = format!(
            "reset_ticket={ticket}; Max-Age=600; HttpOnly; Path=/customer/forgetPass; SameSite=Lax{end}"
        );
        assert_eq!(answer.set_cookie(), cookie);
        let key = format!("RESET_CONFIRMATION:{USER1_EMAIL}");
        let kept = system.confirmations.get(&key).await.unwrap().unwrap();
        assert!(kept.value.starts_with(b"CONFIRMED "), "{:?}", kept.value);
        let kept_text = String::from_utf8(kept.value.to_vec()).unwrap();
        assert!(!kept_text.contains(ticket) && !kept_text.contains(BROWSER.address));
        assert!(kept.remaining.as_secs() <= 600 && kept.remaining.as_secs() > 590);
    }
}

#[tokio::test]
async fn contract_customer_forget_pass_confirm_400_the_same_for_wrong_used_expired_and_never_asked()
{
    let mut system = System::start().await;
    let never = confirm(&system, USER1_EMAIL, "100001")
        .await
        .assert_refused(400);
    initiate(&system, USER1_EMAIL).await.assert_done();
    let code = system.mailed_code().await;
    for wrong in ["000000", "", "1", "not a code"] {
        assert_eq!(confirm(&system, USER1_EMAIL, wrong).await, never, "{wrong}");
    }
    confirm(&system, USER1_EMAIL, &code).await.assert_done();
    assert_eq!(confirm(&system, USER1_EMAIL, &code).await, never, "used");
    system.advance_seconds(60);
    initiate(&system, USER1_EMAIL).await.assert_done();
    let code = system.mailed_code().await;
    system.advance_seconds(301);
    assert_eq!(confirm(&system, USER1_EMAIL, &code).await, never, "expired");
    let unknown = confirm(&system, "nobody@example.com", &code).await;
    assert_eq!(unknown, never, "s05");
}

#[tokio::test]
async fn contract_customer_forget_pass_confirm_400_for_a_body_of_another_shape() {
    let system = System::start().await;
    for body in [
        json!({}),
        json!({"email": USER1_EMAIL}),
        json!({"otpCode": "100001"}),
        json!({"email": USER1_EMAIL, "otpCode": 100_001}),
        json!({"email": "user1", "otpCode": "100001"}),
    ] {
        let answer = BROWSER.post(&system, "/forgetPass/confirm", body).await;
        answer.assert_refused(400);
    }
}

#[tokio::test]
async fn contract_customer_forget_pass_confirm_503_while_codes_cannot_be_checked() {
    let mut system = System::start().await;
    initiate(&system, USER1_EMAIL).await.assert_done();
    let code = system.mailed_code().await;
    system.codes.health.set_down(true);
    confirm(&system, USER1_EMAIL, &code)
        .await
        .assert_wait(503, 1);
    system.codes.health.set_down(false);
    confirm(&system, USER1_EMAIL, &code).await.assert_done();
}

#[tokio::test]
async fn s07_a_later_request_for_a_code_leaves_a_confirmation_as_it_is() {
    let mut system = System::start().await;
    let ticket = super::confirmed(&mut system, USER1_EMAIL).await;
    system.advance_seconds(60);
    initiate(&system, USER1_EMAIL).await.assert_done();
    system.mail().await;
    let answer = reset(&system, &BROWSER, USER1_EMAIL, Some(&ticket)).await;
    answer.assert_done();
}

#[tokio::test]
async fn s07_a_later_confirmation_ends_the_earlier_ticket() {
    let mut system = System::start().await;
    let first = super::confirmed(&mut system, USER1_EMAIL).await;
    system.advance_seconds(60);
    let second = super::confirmed(&mut system, USER1_EMAIL).await;
    let answer = reset(&system, &BROWSER, USER1_EMAIL, Some(&first)).await;
    answer.assert_refused(400);
    let answer = reset(&system, &BROWSER, USER1_EMAIL, Some(&second)).await;
    answer.assert_done();
}
