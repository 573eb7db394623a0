//! `POST /changePass`.

use axum::http::header;
use colloquy_contracts::CustomerId;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{
    NEW, change, change_body,
    rehash::{hash_of_user1, outdate_user1},
};
use crate::system::{Answer, BROWSER, Client, SESSION, System, USER1};

#[tokio::test]
async fn contract_customer_change_pass_200_ends_every_session_but_this_one() {
    let mut system = System::start().await;
    let answer = change(&system, "123", NEW).await.assert_done();
    assert_eq!(answer.body["data"], Value::Null);
    assert!(system.is_password("user1", NEW).await);
    assert!(!system.is_password("user1", "123").await);
    assert!(system.is_password("user2", "1234").await);
    let ending = system.ending().await;
    assert_eq!(ending.customer_id, CustomerId(1));
    assert_eq!(ending.except, Some(SESSION));
    assert_eq!(system.endings_left().await, 0);
}

#[tokio::test]
async fn contract_customer_change_pass_400_when_missing_equal_or_against_the_rule() {
    let mut system = System::start().await;
    for body in [
        json!({}),
        json!({"currentPassword": "123"}),
        json!({"newPassword": NEW}),
        json!({"currentPassword": null, "newPassword": NEW}),
        json!({"currentPassword": 123, "newPassword": NEW}),
        change_body("", NEW),
        change_body("123", ""),
        change_body("123", "123"),
        change_body(NEW, NEW),
        change_body("123", "short 7"),
        change_body("123", &"ü".repeat(129)),
        change_body("123", "password123"),
        change_body("123", "user1@example.com"),
        change_body("123", "vuthanhhai99"),
    ] {
        let answer = USER1.post(&system, "/changePass", body.clone()).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.body);
        answer.assert_refused(400);
    }
    assert!(system.is_password("user1", "123").await);
    assert!(system.no_ending());
}

#[tokio::test]
async fn contract_customer_change_pass_401_for_a_wrong_password_differs_from_no_session() {
    let mut system = System::start().await;
    let wrong = change(&system, "1234", NEW).await.assert_refused(401);
    let body = change_body("123", NEW);
    let anonymous = BROWSER.post(&system, "/changePass", body).await;
    let anonymous = anonymous.assert_refused(401);
    assert_ne!(wrong.message(), anonymous.message());
    assert!(!wrong.headers.contains_key(header::SET_COOKIE));
    assert!(system.is_password("user1", "123").await);
    assert!(system.no_ending());
}

#[tokio::test]
async fn decision_30_a_customer_has_ten_wrong_tries_in_fifteen_minutes_and_right_ones_never_count()
{
    let system = System::start().await;
    let mut current = "123".to_owned();
    for turn in 0..10 {
        let new = format!("correct horse {turn}");
        change(&system, &current, &new).await.assert_done();
        current = new;
        change(&system, "wrong", NEW).await.assert_refused(401);
    }
    for tried in ["wrong", &current] {
        change(&system, tried, NEW).await.assert_wait(429, 900);
    }
    let user2 = Client {
        customer: Some(2),
        ..USER1
    };
    let body = change_body("1234", NEW);
    user2.post(&system, "/changePass", body).await.assert_done();
    system.advance_seconds(900);
    change(&system, &current, NEW).await.assert_done();
}

#[tokio::test]
async fn decision_30_many_guesses_at_once_are_counted_too() {
    let system = System::start().await;
    let guesses = (0..30).map(|_| change(&system, "wrong", NEW));
    let answers = join_all(guesses).await;
    let with = |status: u16| {
        answers
            .iter()
            .filter(|answer| answer.status == status)
            .count()
    };
    assert_eq!((with(401), with(429)), (10, 20));
}

#[tokio::test]
async fn decision_30_a_current_password_that_could_not_be_compared_does_not_count() {
    let system = System::start().await;
    let set = async |hash: &str| {
        sqlx::query("UPDATE customers SET password = ?1 WHERE customer_id = 1")
            .bind(hash)
            .execute(&system.database().writer)
            .await
            .unwrap();
    };
    let hash = hash_of_user1(&system).await;
    set("no hash").await;
    for _ in 0..11 {
        change(&system, "123", NEW).await.assert_refused(500);
    }
    set(&hash).await;
    change(&system, "123", NEW).await.assert_done();
}

#[tokio::test]
async fn decision_23_of_two_changes_at_once_one_wins_and_the_other_is_refused() {
    let system = System::start().await;
    let (a, b) = tokio::join!(
        change(&system, "123", "correct horse a"),
        change(&system, "123", "correct horse b"),
    );
    let (winner, loser) = if a.status == 200 { ("a", b) } else { ("b", a) };
    loser.assert_refused(401);
    let new = format!("correct horse {winner}");
    assert!(system.is_password("user1", &new).await);
}

/// Changes the password, and lets something happen after the current one was found right and before it is replaced.
async fn change_meanwhile(system: &System, meanwhile: impl Future<Output = ()>) -> Answer {
    let ready = &system.sessions.ready;
    ready.set_hanging(true);
    let (answer, ()) = tokio::join!(change(system, "123", NEW), async {
        ready.called().await;
        meanwhile.await;
        ready.set_hanging(false);
    });
    answer
}

#[tokio::test]
async fn decision_23_who_was_overtaken_by_another_change_changes_nothing() {
    let mut system = System::start().await;
    let answer = change_meanwhile(&system, async {
        sqlx::query(
            "UPDATE customers SET password = (SELECT password FROM customers WHERE customer_id = 2)
             WHERE customer_id = 1",
        )
        .execute(&system.database().writer)
        .await
        .unwrap();
    });
    answer.await.assert_refused(401);
    assert!(system.is_password("user1", "1234").await);
    assert!(system.no_ending());
}

#[tokio::test]
async fn decision_23_who_was_overtaken_by_a_login_that_hashed_anew_changes_the_password() {
    let mut system = System::start().await;
    let answer = change_meanwhile(&system, async {
        outdate_user1(&system).await;
    });
    answer.await.assert_done();
    assert!(system.is_password("user1", NEW).await);
    system.ending().await;
}
