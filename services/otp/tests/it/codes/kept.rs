//! What is in the store, and what happens when it is not what was expected.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use colloquy_service_api::CallError;

use crate::{
    interrupted::{Call, Happening, down, interrupted},
    parts::{AN, KEY_OF_AN, OneRequester as _, Store, clock, key, nth_wrong, otp_on, otp_with},
};

const BINH: &str = "binh@example.com";
const KEY_OF_BINH: &str = "OTP:FORGET_PASS:binh@example.com";
const LIFETIME: Duration = Duration::from_secs(300);

async fn kept(store: &Store) -> Bytes {
    store.get(KEY_OF_AN).await.unwrap().unwrap().value
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

pub async fn s06_a_code_is_kept_sealed_and_two_seals_differ(store: Store) {
    let otp = otp_on(&store);
    let issued = otp.generate("An@Example.com").await.unwrap().otp_code;
    let first = kept(&store).await;
    assert!(!holds(&first, issued.0.as_bytes()));
    assert!(!holds(&first, AN.as_bytes()));
    otp.resend(AN).await.unwrap();
    let second = kept(&store).await;
    assert_eq!(first.len(), second.len());
    // Twelve bytes of nonce: neither they nor what follows may be alike.
    assert_ne!(first[..12], second[..12]);
    assert_ne!(first[12..], second[12..]);
}

pub async fn s06_a_code_moved_to_another_address_is_none(store: Store) {
    let otp = otp_on(&store);
    let issued = otp.generate(AN).await.unwrap().otp_code;
    let moved = kept(&store).await;
    store.put(KEY_OF_BINH, moved, LIFETIME).await.unwrap();
    assert!(!otp.validate(BINH, &issued).await.unwrap());
    assert!(otp.validate(AN, &issued).await.unwrap());
}

pub async fn s06_what_does_not_open_is_no_code_and_is_replaced(store: Store) {
    let otp = otp_on(&store);
    let issued = otp.generate(AN).await.unwrap().otp_code;
    let mut tampered = kept(&store).await.to_vec();
    *tampered.last_mut().unwrap() ^= 1;
    for broken in [tampered, Vec::new(), b"123456".to_vec(), vec![0; 50]] {
        store.put(KEY_OF_AN, broken.into(), LIFETIME).await.unwrap();
        assert!(!otp.validate(AN, &issued).await.unwrap());
        let new = otp.generate(AN).await.unwrap();
        assert!(!new.status_message.starts_with("Existing"));
        assert!(otp.validate(AN, &new.otp_code).await.unwrap());
    }
}

pub async fn s06_a_key_change_ends_live_codes(store: Store) {
    let before = otp_with(&store, &key(1), &clock());
    let after = otp_with(&store, &key(2), &clock());
    let old = before.generate(AN).await.unwrap().otp_code;
    assert!(!after.validate(AN, &old).await.unwrap());
    let new = after.generate(AN).await.unwrap();
    assert!(!new.status_message.starts_with("Existing"));
    assert!(!before.validate(AN, &old).await.unwrap());
    assert!(after.validate(AN, &new.otp_code).await.unwrap());
}

pub async fn s06_a_code_that_died_but_was_not_removed_is_not_mailed_again(store: Store) {
    let otp = otp_on(&store);
    let right = otp.generate(AN).await.unwrap().otp_code;
    for n in 1..=5 {
        assert!(!otp.validate(AN, &nth_wrong(&right, n)).await.unwrap());
    }
    kept(&store).await;
    assert!(!otp.validate(AN, &right).await.unwrap());
    let new = otp.generate(AN).await.unwrap();
    assert!(!new.status_message.starts_with("Existing"));
    assert!(otp.validate(AN, &new.otp_code).await.unwrap());
}

/// Also once five tries have killed it, and when it does not open.
pub async fn s05_a_wrong_code_takes_as_many_calls_whether_there_is_a_right_one(store: Store) {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&calls);
    let observed = interrupted(&store, move |call| {
        seen.lock().unwrap().push(call);
        Box::pin(async { Ok(()) })
    });
    let otp = otp_on(&observed);
    let right = otp.generate(AN).await.unwrap().otp_code;
    let with_another_key = otp_with(&observed, &key(2), &clock());
    for n in 1..=12 {
        for (otp, email) in [(&otp, AN), (&otp, BINH), (&with_another_key, AN)] {
            calls.lock().unwrap().clear();
            assert!(!otp.validate(email, &nth_wrong(&right, n)).await.unwrap());
            assert_eq!(*calls.lock().unwrap(), [Call::Get, Call::Count], "{n}");
        }
    }
}

pub async fn s06_a_resend_during_a_try_wins_and_its_code_stays(store: Store) {
    let otp = otp_on(&store);
    let old = otp.generate(AN).await.unwrap().otp_code;
    let resent = Arc::new(Mutex::new(None));
    let (faster, tell) = (Arc::clone(&otp), Arc::clone(&resent));
    let hindered = interrupted(&store, move |call| {
        let (faster, tell) = (Arc::clone(&faster), Arc::clone(&tell));
        Box::pin(async move {
            if call == Call::TakeIf {
                let new = faster.resend(AN).await.unwrap();
                *tell.lock().unwrap() = Some(new.otp_code);
            }
            Ok(())
        })
    });
    assert!(!otp_on(&hindered).validate(AN, &old).await.unwrap());
    let new = resent.lock().unwrap().take().unwrap();
    assert!(otp.validate(AN, &new).await.unwrap());
}

/// Each call fails in its turn.
pub async fn p7_no_failure_of_the_store_makes_a_yes_or_a_code(store: Store) {
    let otp = otp_on(&store);
    let right = otp.generate(AN).await.unwrap().otp_code;
    let without = |failing: Call| {
        let before = move |call: Call| -> Happening {
            let outcome = if call == failing { Err(down()) } else { Ok(()) };
            Box::pin(async move { outcome })
        };
        otp_on(&interrupted(&store, before))
    };
    for failing in [Call::Get, Call::Count, Call::TakeIf] {
        let answer = without(failing).validate(AN, &right).await;
        assert!(
            matches!(answer, Err(CallError::Unavailable(..))),
            "{failing:?} {answer:?}"
        );
    }
    without(Call::Put).resend(AN).await.unwrap_err();
    for failing in [Call::Get, Call::PutIfAbsent] {
        let answer = without(failing).generate(BINH).await;
        assert!(
            matches!(answer, Err(CallError::Unavailable(..))),
            "{failing:?} {answer:?}"
        );
    }
    assert!(otp.validate(AN, &right).await.unwrap());
}
