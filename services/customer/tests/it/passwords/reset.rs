//! `POST /forgetPass/reset`.

use colloquy_contracts::CustomerId;
use serde_json::json;

use super::{NEW, USER1_EMAIL, confirmed, reset};
use crate::system::{BROWSER, System};

#[tokio::test]
async fn contract_customer_forget_pass_reset_200_changes_the_password_and_ends_every_session() {
    let mut system = System::start().await;
    let ticket = confirmed(&mut system, USER1_EMAIL).await;
    let answer = reset(&system, &BROWSER, "USER1@example.com", Some(&ticket)).await;
    let answer = answer.assert_done();
    assert_eq!(
        answer.set_cookie(),
        "reset_ticket=; Max-Age=0; HttpOnly; Path=/customer/forgetPass; SameSite=Lax"
    );
    assert!(system.is_password("user1", NEW).await);
    assert!(!system.is_password("user1", "123").await);
    let ending = system.ending().await;
    assert_eq!((ending.customer_id, ending.except), (CustomerId(1), None));
    assert_eq!(system.endings_left().await, 0);
}

#[tokio::test]
async fn contract_customer_forget_pass_reset_400_without_a_confirmation_the_same_for_everybody() {
    let mut system = System::start().await;
    let ticket = "A".repeat(43);
    let never = reset(&system, &BROWSER, USER1_EMAIL, Some(&ticket)).await;
    let never = never.assert_refused(400);
    for ticket in [Some(""), None] {
        assert_eq!(reset(&system, &BROWSER, USER1_EMAIL, ticket).await, never);
    }
    let unknown = reset(&system, &BROWSER, "nobody@example.com", Some(&ticket)).await;
    assert_eq!(unknown, never, "s05");
    // To have asked for a code is not to have confirmed it.
    super::initiate(&system, USER1_EMAIL).await.assert_done();
    system.mail().await;
    for ticket in [Some("PENDING"), Some(""), None] {
        assert_eq!(reset(&system, &BROWSER, USER1_EMAIL, ticket).await, never);
    }
    assert!(system.is_password("user1", "123").await);
    assert!(system.no_ending());
}

#[tokio::test]
async fn contract_customer_forget_pass_reset_400_for_a_body_of_another_shape() {
    let system = System::start().await;
    for body in [
        json!({}),
        json!({"email": USER1_EMAIL}),
        json!({"newPassword": NEW}),
        json!({"email": USER1_EMAIL, "newPassword": 7}),
        json!({"email": "user1", "newPassword": NEW}),
        json!({"email": USER1_EMAIL, "newPassword": NEW, "resetTicket": 7}),
    ] {
        let answer = BROWSER.post(&system, "/forgetPass/reset", body).await;
        answer.assert_refused(400);
    }
}

#[tokio::test]
async fn decision_23_a_reset_changes_nothing_while_sessions_cannot_be_ended() {
    let mut system = System::start().await;
    let ticket = confirmed(&mut system, USER1_EMAIL).await;
    system.sessions.ready.set_down(true);
    let answer = reset(&system, &BROWSER, USER1_EMAIL, Some(&ticket)).await;
    answer.assert_wait(503, 1);
    assert!(system.is_password("user1", "123").await);
    system.sessions.ready.set_down(false);
    let answer = reset(&system, &BROWSER, USER1_EMAIL, Some(&ticket)).await;
    answer.assert_done();
}

#[tokio::test]
async fn decision_23_a_reset_whose_sessions_end_later_is_done_and_its_ticket_used() {
    let mut system = System::start().await;
    let ticket = confirmed(&mut system, USER1_EMAIL).await;
    system.sessions.ending.set_down(true);
    let answer = reset(&system, &BROWSER, USER1_EMAIL, Some(&ticket)).await;
    answer.assert_wait(503, 1);
    assert!(system.is_password("user1", NEW).await);
    system.sessions.ending.set_down(false);
    let answer = reset(&system, &BROWSER, USER1_EMAIL, Some(&ticket)).await;
    answer.assert_refused(400);
    system.advance_seconds(5);
    assert_eq!(system.ending().await.customer_id, CustomerId(1));
}
