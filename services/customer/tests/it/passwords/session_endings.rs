//! A password change and the end of sessions are one durable step (decision 23).

use colloquy_contracts::{CustomerId, SessionNumber};
use colloquy_service_api::session_ending::ResetByMail;

use super::{NEW, USER1_EMAIL, change, confirmed, reset};
use crate::system::{BROWSER, SESSION, System};

#[tokio::test]
async fn decision_23_nothing_is_changed_while_sessions_cannot_be_ended() {
    let mut system = System::start().await;
    system.sessions.ready.set_down(true);
    change(&system, "123", NEW).await.assert_wait(503, 1);
    assert!(system.is_password("user1", "123").await);
    assert_eq!(system.endings_left().await, 0);
    assert!(system.no_ending());
    system.sessions.ready.set_down(false);
    change(&system, "123", NEW).await.assert_done();
}

#[tokio::test]
async fn decision_23_sessions_that_could_not_be_ended_end_later() {
    let mut system = System::start().await;
    system.sessions.ending.set_down(true);
    let answer = change(&system, "123", NEW).await.assert_wait(503, 1);
    assert!(
        answer.message().contains("has been changed"),
        "{}",
        answer.body
    );
    assert!(system.is_password("user1", NEW).await);
    assert_eq!(system.endings_left().await, 1);
    // Long enough for a login with the new password, which is not to end.
    system.advance_seconds(3600);
    system.sessions.ending.set_down(false);
    let ending = system.ending().await;
    assert_eq!(
        (ending.customer_id, ending.except),
        (CustomerId(1), Some(SESSION))
    );
    assert_eq!(ending.before, SessionNumber(2));
}

#[tokio::test]
async fn decision_23_after_a_kill_between_change_and_ending_another_process_ends_the_sessions() {
    let mut system = System::start().await;
    let ticket = confirmed(&mut system, USER1_EMAIL).await;
    system.sessions.ending.set_hanging(true);
    tokio::select! {
        answer = reset(&system, &BROWSER, USER1_EMAIL, Some(&ticket)) => panic!("{answer:?}"),
        () = system.sessions.ending.called() => {}
    }
    assert!(system.no_ending());
    let mut next = system.restarted().await;
    assert!(next.is_password("user1", NEW).await);
    assert_eq!(next.endings_left().await, 1);
    next.advance_seconds(5);
    let ending = next.ending().await;
    assert_eq!((ending.customer_id, ending.except), (CustomerId(1), None));
}

/// Also late, and by another process: it is the note that says so.
#[tokio::test]
async fn b08_auth_learns_of_a_reset_by_mail_and_its_place_even_after_a_kill() {
    let mut system = System::start().await;
    let reset_by_mail = Some(ResetByMail {
        username: "user1".to_owned(),
        client: Some(BROWSER.address.parse().unwrap()),
    });
    let ticket = confirmed(&mut system, USER1_EMAIL).await;
    let answer = reset(&system, &BROWSER, USER1_EMAIL, Some(&ticket)).await;
    answer.assert_done();
    assert_eq!(system.ending().await.reset, reset_by_mail);
    change(&system, NEW, "another horse").await.assert_done();
    assert_eq!(system.ending().await.reset, None);

    let ticket = confirmed(&mut system, USER1_EMAIL).await;
    system.sessions.ending.set_down(true);
    let answer = reset(&system, &BROWSER, USER1_EMAIL, Some(&ticket)).await;
    answer.assert_wait(503, 1);
    let mut next = system.restarted().await;
    next.advance_seconds(5);
    assert_eq!(next.ending().await.reset, reset_by_mail);
}
