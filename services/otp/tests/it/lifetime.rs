//! 300 s, by the store's time: nobody waits for it here.

use std::{sync::Arc, time::Duration};

use colloquy_contracts::Timestamp;
use colloquy_service_api::OneTimeCodes as _;
use tokio::time::advance;

use crate::{
    interrupted::{Call, Interrupted},
    parts::{
        AN, KEY_OF_AN, NOW, clock, embedded, key, otp_on, otp_with, redis_prefix, redis_under,
        redis_url,
    },
};

const END: Timestamp = Timestamp::from_millis(NOW + 300_000);

#[tokio::test(start_paused = true)]
async fn s06_a_code_works_after_299_seconds_and_its_end_is_told_truly() {
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
    for issued in [
        otp.generate(AN).await.unwrap(),
        otp.resend(AN).await.unwrap(),
    ] {
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

/// A try that was overtaken by a resend puts the new code back; ten seconds passed meanwhile.
#[tokio::test(start_paused = true)]
async fn s06_a_newer_code_is_put_back_with_no_more_time_than_it_had() {
    let (_lives, store) = embedded();
    let otp = otp_on(&store);
    let old = otp.generate(AN).await.unwrap().otp_code;
    let faster = Arc::clone(&otp);
    let interrupted = Interrupted::new(&store, move |call| {
        let faster = Arc::clone(&faster);
        Box::pin(async move {
            if call == Call::Take {
                faster.resend(AN).await.unwrap();
                advance(Duration::from_secs(10)).await;
            }
            Ok(())
        })
    });
    assert!(!otp_on(&interrupted).validate(AN, &old).await.unwrap());
    let held = store.get(KEY_OF_AN).await.unwrap().unwrap();
    assert_eq!(held.remaining, Duration::from_secs(290));
}

/// Redis' time cannot be moved, but what a key has left can be taken away.
mod redis {
    use redis::{AsyncCommands as _, Client, aio::MultiplexedConnection};

    use super::*;

    async fn connection() -> MultiplexedConnection {
        let client = Client::open(redis_url()).unwrap();
        client.get_multiplexed_async_connection().await.unwrap()
    }

    /// Lets this much of the key's time pass.
    async fn pass(key: &str, time: Duration) {
        let mut redis = connection().await;
        let left: i64 = redis.pttl(key).await.unwrap();
        let time = i64::try_from(time.as_millis()).unwrap();
        let set: bool = redis.pexpire(key, left - time).await.unwrap();
        assert!(set, "the key was there");
    }

    #[tokio::test]
    async fn s06_a_code_works_after_299_seconds_and_not_after_301() {
        let prefix = redis_prefix();
        let (_lives, store) = redis_under(&prefix);
        let otp = otp_on(&store);
        let kept = format!("{prefix}{KEY_OF_AN}");
        // A second of real time is left for the two calls of a slow machine: 298 s of 299.
        let issued = otp.generate(AN).await.unwrap().otp_code;
        let left: i64 = connection().await.pttl(&kept).await.unwrap();
        assert!((290_001..=300_000).contains(&left), "{left}");
        pass(&kept, Duration::from_secs(290)).await;
        assert!(otp.validate(AN, &issued).await.unwrap());

        let issued = otp.resend(AN).await.unwrap().otp_code;
        pass(&kept, Duration::from_secs(301)).await;
        assert!(!otp.validate(AN, &issued).await.unwrap());
    }
}
