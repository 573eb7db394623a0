//! S23: neither a code nor an address ever reaches anything but the caller.

use std::{
    io,
    sync::{Arc, Mutex},
};

use colloquy_otp::{Otp, Randomness, randomness::CryptoFailure};
use colloquy_service_api::one_time_codes::{GENERATE_PATH, RESEND_PATH, VALIDATE_PATH};
use serde_json::json;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::{
    internal::{post, post_as},
    parts::{clock, embedded, key, nowhere, otp_on},
};

const EMAIL: &str = "canary-mailbox@example.com";
/// What [`Always`] draws.
const CODE: &str = "271828";
const WRONG: &str = "314159";

/// Draws the canary code, again and again.
struct Always;

impl Randomness for Always {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), CryptoFailure> {
        let number = CODE.parse::<u32>().unwrap().to_le_bytes();
        for (byte, value) in bytes.iter_mut().zip(number.into_iter().cycle()) {
            *byte = value;
        }
        Ok(())
    }
}

/// Everything that was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Every kind of answer there is, the failures included.
async fn use_everything() {
    let (_lives, store) = embedded();
    let otp = Otp::new(Arc::clone(&store), &key(1), Arc::new(Always), clock());
    let whose = json!({"email": EMAIL});
    let (_, issued) = post(&otp, GENERATE_PATH, &whose).await;
    assert_eq!(issued["data"]["otpCode"], CODE);
    post(&otp, GENERATE_PATH, &whose).await;
    for code in [CODE, WRONG, "not-271828-a-code"] {
        let tried = json!({"email": EMAIL, "otpCode": code});
        let (_, answer) = post(&otp, VALIDATE_PATH, &tried).await;
        assert!(!answer.to_string().contains("271828"), "{answer}");
    }
    post(&otp, RESEND_PATH, &whose).await;
    for _ in 0..6 {
        let tried = json!({"email": EMAIL, "otpCode": WRONG});
        post(&otp, VALIDATE_PATH, &tried).await;
    }
    post(&otp, RESEND_PATH, &whose).await;
    let with_another_key = Otp::new(store, &key(2), Arc::new(Always), clock());
    post(
        &with_another_key,
        VALIDATE_PATH,
        &json!({"email": EMAIL, "otpCode": CODE}),
    )
    .await;

    for malformed in [
        format!(r#"{{"email": "{EMAIL}", "otpCode": {CODE}}}"#),
        format!(r#"{{"email": ["{EMAIL}"], "otpCode": "{CODE}"}}"#),
        format!(r#"{{"email": "{EMAIL}", "otpCode": "{CODE}""#),
        format!(
            r#"{{"email": "{}", "otpCode": "{CODE}"}}"#,
            EMAIL.repeat(10)
        ),
    ] {
        let customer = Some(colloquy_chassis::ServiceName::Customer);
        let (_, answer) = post_as(customer, &otp, VALIDATE_PATH, &malformed).await;
        let answer = answer.to_string();
        assert!(
            !answer.contains(CODE) && !answer.contains(EMAIL),
            "{answer}"
        );
    }
    let (_lives, away) = nowhere().await;
    let tried = json!({"email": EMAIL, "otpCode": CODE});
    post(&otp_on(&away), VALIDATE_PATH, &tried).await;
}

#[tokio::test]
async fn s23_no_code_and_no_address_is_logged_at_any_level() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(false)
        // Fractions of a second can be any six digits.
        .without_time()
        .with_writer(log.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    use_everything().await;
    drop(guard);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for expected in ["does not open", "tried too often", "a part is down"] {
        assert!(log.contains(expected), "the log is heard: {log}");
    }
    for secret in [CODE, WRONG, EMAIL, "canary"] {
        assert!(!log.contains(secret), "{secret} is in the log: {log}");
    }
}
