//! A confirmation is used once, and only by what succeeds (S07).

use futures_util::future::join_all;
use serde_json::json;

use super::{NEW, USER1_EMAIL, confirmed, reset};
use crate::system::{BROWSER, System};

#[tokio::test]
async fn s07_of_a_hundred_resets_at_once_one_is_done() {
    let mut system = System::start().await;
    let ticket = confirmed(&mut system, USER1_EMAIL).await;
    let answers = join_all((0..100).map(async |n: u8| {
        let password = format!("correct horse {n}");
        let body = json!({"email": USER1_EMAIL, "newPassword": password, "resetTicket": ticket});
        let answer = BROWSER.post(&system, "/forgetPass/reset", body).await;
        (password, answer)
    }))
    .await;
    let (done, refused): (Vec<_>, Vec<_>) = answers
        .into_iter()
        .partition(|(_, answer)| answer.status == 200);
    assert_eq!((done.len(), refused.len()), (1, 99));
    for (_, answer) in refused {
        answer.assert_refused(400);
    }
    assert!(system.is_password("user1", &done[0].0).await);
    system.ending().await;
    assert!(system.no_ending());
}

#[tokio::test]
async fn s07_a_password_that_is_refused_leaves_the_confirmation_as_it_is() {
    let mut system = System::start().await;
    let ticket = confirmed(&mut system, USER1_EMAIL).await;
    for refused in [
        "",
        "short 7",
        "password123",
        "user1@example.com",
        "Thanh Hai 1",
    ] {
        let body = json!({"email": USER1_EMAIL, "newPassword": refused, "resetTicket": ticket});
        let answer = BROWSER.post(&system, "/forgetPass/reset", body).await;
        answer.assert_refused(400);
    }
    let answer = reset(&system, &BROWSER, USER1_EMAIL, Some(&ticket)).await;
    answer.assert_done();
}

#[tokio::test]
async fn s07_a_store_that_fails_leaves_the_confirmation_with_the_time_it_had() {
    let mut system = System::start().await;
    let ticket = confirmed(&mut system, USER1_EMAIL).await;
    let key = format!("RESET_CONFIRMATION:{USER1_EMAIL}");
    let before = system.confirmations.get(&key).await.unwrap().unwrap();
    let busy = system.database().writer.acquire().await.unwrap();
    let answer = reset(&system, &BROWSER, USER1_EMAIL, Some(&ticket)).await;
    answer.assert_wait(503, 1);
    let after = system.confirmations.get(&key).await.unwrap().unwrap();
    assert_eq!(after.value, before.value);
    let passed = before.remaining.saturating_sub(after.remaining);
    assert!((2..=10).contains(&passed.as_secs()), "{passed:?}");
    drop(busy);
    assert!(system.is_password("user1", "123").await);
    let answer = reset(&system, &BROWSER, USER1_EMAIL, Some(&ticket)).await;
    answer.assert_done();
    assert!(system.is_password("user1", NEW).await);
}
