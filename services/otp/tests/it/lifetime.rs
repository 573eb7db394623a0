//! 300 s, by the store's time: no test waits for it here.

use std::{sync::Arc, time::Duration};

use colloquy_contracts::Timestamp;
use tokio::time::advance;

use crate::{
    interrupted::{Call, interrupted},
    parts::{
        AN, KEY_OF_AN, NOW, OneRequester as _, clock, embedded, key, otp_on, otp_with,
        redis_prefix, redis_under, redis_url,
    },
};

const END: Timestamp = Timestamp::from_millis(NOW + 300_000);

#[tokio::test(start_paused = true)]
async fn s06_a_code_works_after_299_seconds_and_its_end_is_given_truly() {
    let (_lives, store) = embedded();
    let clock = clock();
    let otp = otp_with(&store, &key(1), &clock);
    let issued = otp.generate(AN).await.unwrap();
    assert_eq!(issued.expires_at, END);
    advance(Duration::from_secs(299)).await;
    clock.advance_millis(299_000);
    let again = otp.generate(AN).await.unwrap();
    assert_eq!(again.otp_code, issued.otp_code);
    assert_eq!(again.expires_at, END);
    assert!(otp.validate(AN, &issued.otp_code).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn s06_a_code_is_refused_after_301_seconds() {
    let (_lives, store) = embedded();
    let otp = otp_on(&store);
    for asked in [otp.generate(AN), otp.resend(AN)] {
        let issued = asked.await.unwrap();
        advance(Duration::from_secs(301)).await;
        assert!(!otp.validate(AN, &issued.otp_code).await.unwrap());
    }
    let next = otp.generate(AN).await.unwrap();
    assert!(!next.status_message.starts_with("Existing"));
}

#[tokio::test(start_paused = true)]
async fn s06_a_resend_begins_the_time_anew_and_asking_again_does_not() {
    let (_lives, store) = embedded();
    let otp = otp_on(&store);
    otp.generate(AN).await.unwrap();
    advance(Duration::from_secs(200)).await;
    let resent = otp.resend(AN).await.unwrap();
    assert_eq!(resent.expires_at, END);
    advance(Duration::from_secs(200)).await;
    assert!(otp.generate(AN).await.unwrap().otp_code == resent.otp_code);
    advance(Duration::from_secs(101)).await;
    assert!(!otp.validate(AN, &resent.otp_code).await.unwrap());
}

/// Tries spread over the whole life of a code count together.
#[tokio::test(start_paused = true)]
async fn s06_tries_are_remembered_as_long_as_the_code() {
    let (_lives, store) = embedded();
    let otp = otp_on(&store);
    let right = otp.generate(AN).await.unwrap().otp_code;
    for n in 1..=5 {
        assert!(
            !otp.validate(AN, &crate::parts::nth_wrong(&right, n))
                .await
                .unwrap()
        );
        advance(Duration::from_secs(59)).await;
    }
    assert!(!otp.validate(AN, &right).await.unwrap());
}

/// A try that was overtaken by a resend leaves the new code and its time alone; ten seconds passed meanwhile.
#[tokio::test(start_paused = true)]
async fn s06_a_newer_code_keeps_the_time_it_has() {
    let (_lives, store) = embedded();
    let otp = otp_on(&store);
    let old = otp.generate(AN).await.unwrap().otp_code;
    let faster = Arc::clone(&otp);
    let hindered = interrupted(&store, move |call| {
        let faster = Arc::clone(&faster);
        Box::pin(async move {
            if call == Call::TakeIf {
                faster.resend(AN).await.unwrap();
                advance(Duration::from_secs(10)).await;
            }
            Ok(())
        })
    });
    assert!(!otp_on(&hindered).validate(AN, &old).await.unwrap());
    let held = store.get(KEY_OF_AN).await.unwrap().unwrap();
    assert_eq!(held.remaining, Duration::from_secs(290));
}

/// Redis' time cannot be moved, but the end of a key can.
mod redis {
    use ::redis::{Client, aio::MultiplexedConnection, pipe};

    use super::*;

    /// Redis' time, and what the key has left then, both in milliseconds.
    async fn time_and_left(redis: &mut MultiplexedConnection, key: &str) -> (i64, i64) {
        let ((seconds, micros), left): ((i64, i64), i64) = pipe()
            .atomic()
            .cmd("TIME")
            .cmd("PTTL")
            .arg(key)
            .query_async(redis)
            .await
            .unwrap();
        (seconds * 1000 + micros / 1000, left)
    }

    /// Lets this much of the key's time pass.
    async fn pass(redis: &mut MultiplexedConnection, key: &str, time: Duration) {
        let (now, left) = time_and_left(redis, key).await;
        let end = now + left - i64::try_from(time.as_millis()).unwrap();
        let was_there: bool = ::redis::cmd("PEXPIREAT")
            .arg(key)
            .arg(end)
            .query_async(redis)
            .await
            .unwrap();
        assert!(was_there);
    }

    /// The end is looked at to the millisecond; passing 290 s leaves a slow machine ten for its try.
    #[tokio::test]
    async fn s06_a_code_has_300_seconds_and_ends_with_them() {
        let prefix = redis_prefix();
        let (_lives, store) = redis_under(&prefix);
        let otp = otp_on(&store);
        let key = format!("{prefix}{KEY_OF_AN}");
        let client = Client::open(redis_url()).unwrap();
        let mut redis = client.get_multiplexed_async_connection().await.unwrap();
        for (passed, works) in [(290, true), (301, false)] {
            let (before, _) = time_and_left(&mut redis, &key).await;
            let issued = otp.generate(AN).await.unwrap().otp_code;
            let (after, left) = time_and_left(&mut redis, &key).await;
            let end = after + left;
            assert!((before + 299_999..=after + 300_000).contains(&end));
            pass(&mut redis, &key, Duration::from_secs(passed)).await;
            assert_eq!(otp.validate(AN, &issued).await.unwrap(), works);
        }
    }
}
