//! One caller after the other.

use colloquy_chassis::ServiceName;
use colloquy_contracts::Timestamp;
use colloquy_service_api::{CallError, one_time_codes::IssuedCode};

use crate::parts::{AN, NOW, OneRequester as _, Store, code, nth_wrong, otp_on, wrong};

fn is_existing(issued: &IssuedCode) -> bool {
    issued.status_message.starts_with("Existing")
}

pub async fn contract_4_otp_generate_answers_the_live_code_again(store: Store) {
    let otp = otp_on(&store);
    let first = otp.generate(AN).await.unwrap();
    assert!(!is_existing(&first));
    assert_eq!(first.otp_code.0.len(), 6);
    assert!(first.otp_code.0.bytes().all(|digit| digit.is_ascii_digit()));
    assert_eq!(first.expires_at, Timestamp::from_millis(NOW + 300_000));

    let again = otp.generate(AN).await.unwrap();
    assert!(is_existing(&again));
    assert_eq!(again.otp_code, first.otp_code);
    assert!(again.expires_at <= first.expires_at);
    assert!(again.expires_at > Timestamp::from_millis(NOW + 290_000));

    assert!(otp.validate(AN, &first.otp_code).await.unwrap());
    assert!(!is_existing(&otp.generate(AN).await.unwrap()));
}

/// Ten times, because a new code may be the old one by chance: once in a million.
pub async fn contract_4_otp_resend_replaces_the_live_code(store: Store) {
    let otp = otp_on(&store);
    let mut codes = vec![otp.generate(AN).await.unwrap().otp_code];
    for _ in 0..10 {
        let resent = otp.resend(AN).await.unwrap();
        assert!(!is_existing(&resent));
        assert_eq!(resent.expires_at, Timestamp::from_millis(NOW + 300_000));
        codes.push(resent.otp_code);
    }
    codes.dedup();
    assert!(codes.len() > 5, "a resend is a new code");
    let last = codes.pop().unwrap();
    let before = codes.pop().unwrap();
    assert!(!otp.validate(AN, &before).await.unwrap());
    assert_eq!(otp.generate(AN).await.unwrap().otp_code, last);
    assert!(otp.validate(AN, &last).await.unwrap());
}

pub async fn contract_4_otp_validate_uses_a_right_code_up(store: Store) {
    let otp = otp_on(&store);
    assert!(!otp.validate(AN, &code("000000")).await.unwrap());
    let right = otp.generate(AN).await.unwrap().otp_code;
    assert!(!otp.validate("binh@example.com", &right).await.unwrap());
    assert!(!otp.validate(AN, &wrong(&right)).await.unwrap());
    assert!(otp.validate(AN, &right).await.unwrap());
    assert!(!otp.validate(AN, &right).await.unwrap());
}

pub async fn decision_31_addresses_compare_without_case(store: Store) {
    let otp = otp_on(&store);
    let issued = otp.generate("An@Example.COM").await.unwrap();
    assert!(is_existing(&otp.generate("an@example.com").await.unwrap()));
    assert!(
        otp.validate("AN@example.com", &issued.otp_code)
            .await
            .unwrap()
    );
}

pub async fn s06_the_fifth_try_may_be_right(store: Store) {
    let otp = otp_on(&store);
    let right = otp.generate(AN).await.unwrap().otp_code;
    for n in 1..=4 {
        assert!(!otp.validate(AN, &nth_wrong(&right, n)).await.unwrap());
    }
    assert!(is_existing(&otp.generate(AN).await.unwrap()));
    assert!(otp.validate(AN, &right).await.unwrap());
}

pub async fn s06_five_wrong_tries_end_a_requesters_tries_and_a_new_code_starts_anew(store: Store) {
    let otp = otp_on(&store);
    let right = otp.generate(AN).await.unwrap().otp_code;
    for n in 1..=5 {
        assert!(!otp.validate(AN, &nth_wrong(&right, n)).await.unwrap());
    }
    assert!(!otp.validate(AN, &right).await.unwrap());
    let new = otp.generate(AN).await.unwrap();
    assert!(!is_existing(&new));
    for n in 1..=4 {
        assert!(
            !otp.validate(AN, &nth_wrong(&new.otp_code, n))
                .await
                .unwrap()
        );
    }
    assert!(otp.validate(AN, &new.otp_code).await.unwrap());
}

pub async fn s06_tries_before_a_resend_do_not_count_for_the_new_code(store: Store) {
    let otp = otp_on(&store);
    let first = otp.generate(AN).await.unwrap().otp_code;
    for n in 1..=4 {
        assert!(!otp.validate(AN, &nth_wrong(&first, n)).await.unwrap());
    }
    let second = otp.resend(AN).await.unwrap().otp_code;
    for n in 1..=4 {
        assert!(!otp.validate(AN, &nth_wrong(&second, n)).await.unwrap());
    }
    assert!(otp.validate(AN, &second).await.unwrap());
}

pub async fn s06_what_is_no_code_is_no_try(store: Store) {
    let otp = otp_on(&store);
    let right = otp.generate(AN).await.unwrap().otp_code;
    let digits = &right.0;
    for text in [
        String::new(),
        "abcdef".to_owned(),
        "١٢٣".to_owned(),
        digits[1..].to_owned(),
        format!("0{digits}"),
        format!(" {digits}"),
        format!("{digits}\n"),
        "9".repeat(100_000),
    ] {
        assert!(!otp.validate(AN, &code(&text)).await.unwrap());
    }
    assert!(otp.validate(AN, &right).await.unwrap());
}

/// In process in the words of the wire: refused with 400.
pub async fn contract_4_otp_blank_and_overlong_addresses_are_refused(store: Store) {
    let otp = otp_on(&store);
    let overlong = format!("{}@example.com", "x".repeat(243));
    for email in ["", "  ", &overlong] {
        for error in [
            otp.generate(email).await.unwrap_err(),
            otp.resend(email).await.unwrap_err(),
            otp.validate(email, &code("123456")).await.unwrap_err(),
        ] {
            assert!(
                matches!(&error, CallError::Refused(ServiceName::Otp, status) if status.as_u16() == 400),
                "{error}"
            );
        }
    }
    assert!(otp.generate(&overlong[1..]).await.is_ok());
}
