//! What happens to a mail when the parts it needs are down (F24).

use std::time::Duration;

use colloquy_chassis::Clock as _;
use colloquy_sql::sweeping::{KeptReadings as _, SqlReadings};
use futures_util::future::join_all;

use super::{USER1_EMAIL, initiate, pass_seconds, resend};
use crate::system::System;

#[tokio::test]
async fn f24_a_mail_that_was_not_taken_is_tried_again_with_the_same_code() {
    let mut system = System::start().await;
    system.post.health.set_down(true);
    resend(&system, USER1_EMAIL).await.assert_done();
    for _ in 0..3 {
        system.post.health.called().await;
    }
    system.post.health.set_down(false);
    assert!(system.mail().await.body.contains("100001"));
    assert_eq!(system.codes.made(), 1);
}

#[tokio::test]
async fn f24_a_code_that_could_not_be_made_is_made_later() {
    let mut system = System::start().await;
    system.codes.health.set_down(true);
    initiate(&system, USER1_EMAIL).await.assert_done();
    for _ in 0..2 {
        system.codes.health.called().await;
    }
    system.codes.health.set_down(false);
    assert!(system.mail().await.body.contains("100001"));
}

#[tokio::test]
async fn f24_after_the_life_of_a_code_it_is_given_up_for_those_who_asked_since() {
    let mut system = System::start().await;
    system.post.health.set_down(true);
    initiate(&system, USER1_EMAIL).await.assert_done();
    system.post.health.called().await;
    pass_seconds(301).await;
    initiate(&system, "user2@example.com").await.assert_done();
    while system.codes.made() < 2 {
        system.codes.health.called().await;
    }
    system.post.health.set_down(false);
    assert_eq!(system.mail().await.to, "user2@example.com");
}

#[tokio::test]
async fn f24_what_was_promised_before_a_stop_is_mailed_before_the_end() {
    let mut system = System::start().await;
    let codes = system.codes.clone();
    codes.health.set_hanging(true);
    for email in [USER1_EMAIL, "user2@example.com"] {
        initiate(&system, email).await.assert_done();
    }
    codes.health.called().await;
    tokio::join!(system.stop(), async { codes.health.set_hanging(false) });
    assert_eq!(system.mail().await.to, USER1_EMAIL);
    assert_eq!(system.mail().await.to, "user2@example.com");
    let late = initiate(&system, "user3@example.com").await;
    late.assert_wait(503, 1);
}

#[tokio::test]
async fn decision_15_limits_of_which_nothing_is_used_are_swept() {
    let mut system = System::start().await;
    initiate(&system, USER1_EMAIL).await.assert_done();
    system.mail().await;
    assert_eq!(system.limits().await, 4);
    system.advance_seconds(3600);
    // As if the clock had been right for hours.
    let readings = SqlReadings::new(system.database().clone(), "budgets");
    let loaded = readings.load().await.unwrap();
    let (now, hour) = (system.clock.now(), Duration::from_secs(3600));
    let aged = loaded.with(now, hour).with(now, hour);
    assert!(readings.replace(&loaded, &aged).await.unwrap());
    let next = system.restarted().await;
    let swept = async {
        while next.limits().await > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), swept)
        .await
        .expect("limits are swept");
}

#[tokio::test]
async fn s05_503_whatever_the_address_while_too_many_mails_wait() {
    let system = System::start().await;
    system.codes.health.set_hanging(true);
    initiate(&system, USER1_EMAIL).await.assert_done();
    system.codes.health.called().await;
    let unknown: Vec<String> = (0..256).map(|n| format!("nobody{n}@example.com")).collect();
    for answer in join_all(unknown.iter().map(|email| initiate(&system, email))).await {
        answer.assert_done();
    }
    let known = initiate(&system, "user2@example.com").await;
    let known = known.assert_wait(503, 1);
    assert_eq!(resend(&system, "nobody@example.com").await, known);
}
