//! Several requesters of one address' codes (decision 38).

use std::sync::Arc;

use super::at_once::at_once;
use crate::parts::{AN, Store, asking, nth_wrong, otp_on, requester, typed};
use colloquy_service_api::{
    OneTimeCodes,
    one_time_codes::{Asking, OneTimeCode, Typed},
};

const OWNER: &str = "owner";
const STRANGER: &str = "stranger";

fn by_asker(name: &str, code: &OneTimeCode) -> Typed {
    Typed {
        only_asker: true,
        ..typed(name, code)
    }
}

/// A live code that is not mailed again.
fn asking_in_vain(name: &str) -> Asking {
    Asking {
        again: false,
        ..asking(name)
    }
}

pub async fn b09_the_tries_of_one_requester_are_not_anothers(store: Store) {
    let otp = otp_on(&store);
    let codes: &dyn OneTimeCodes = otp.as_ref();
    let right = codes.generate(AN, &asking(OWNER)).await.unwrap().otp_code;
    for n in 1..=5 {
        let wrong = typed(STRANGER, &nth_wrong(&right, n));
        assert!(!codes.validate(AN, &wrong).await.unwrap());
    }
    let late = codes.validate(AN, &typed(STRANGER, &right)).await.unwrap();
    assert!(!late, "the stranger's tries have ended");
    assert!(codes.validate(AN, &typed(OWNER, &right)).await.unwrap());
}

/// Neither by a request nor by five wrong tries does a requester end the code of another.
pub async fn b09_a_code_that_others_asked_for_stays_and_its_new_mail_brings_new_tries(
    store: Store,
) {
    let otp = otp_on(&store);
    let codes: &dyn OneTimeCodes = otp.as_ref();
    let right = codes.generate(AN, &asking(OWNER)).await.unwrap().otp_code;
    for turn in 0..3 {
        let again = codes.generate(AN, &asking(STRANGER)).await.unwrap();
        assert!(again.otp_code == right && again.shared, "{turn}");
        // At the first turn there are tries left, which need no mail.
        assert_eq!(again.already_issued, turn == 0, "{turn}");
        for n in 1..=5 {
            let wrong = typed(STRANGER, &nth_wrong(&right, n));
            assert!(!codes.validate(AN, &wrong).await.unwrap());
        }
    }
    assert!(codes.validate(AN, &typed(OWNER, &right)).await.unwrap());
}

pub async fn b09_of_a_thousand_wrong_tries_at_once_of_one_requester_none_is_anothers(store: Store) {
    let otp = otp_on(&store);
    let codes: &dyn OneTimeCodes = otp.as_ref();
    let right = codes.generate(AN, &asking(OWNER)).await.unwrap().otp_code;
    let answers = at_once(1_000, |n| {
        let (otp, wrong) = (Arc::clone(&otp), typed(STRANGER, &nth_wrong(&right, n + 1)));
        async move { OneTimeCodes::validate(&*otp, AN, &wrong).await.unwrap() }
    })
    .await;
    assert_eq!(answers, [false; 1_000]);
    assert!(!codes.validate(AN, &typed(STRANGER, &right)).await.unwrap());
    assert!(codes.validate(AN, &typed(OWNER, &right)).await.unwrap());
}

/// Under each of its names; and not a requester whose answer was that a code is on its way already.
pub async fn b09_only_a_requester_that_a_code_was_mailed_for_is_let_in(store: Store) {
    let otp = otp_on(&store);
    let codes: &dyn OneTimeCodes = otp.as_ref();
    let by_address = Asking {
        alias: Some(requester("cookie")),
        ..asking("address")
    };
    for name in ["address", "cookie"] {
        let right = codes.generate(AN, &by_address).await.unwrap().otp_code;
        let again = codes.generate(AN, &asking_in_vain(STRANGER)).await.unwrap();
        assert!(again.already_issued);
        let strangers = by_asker(STRANGER, &right);
        assert!(!codes.validate(AN, &strangers).await.unwrap());
        let wrong = by_asker(name, &nth_wrong(&right, 1));
        assert!(!codes.validate(AN, &wrong).await.unwrap());
        assert!(codes.validate(AN, &by_asker(name, &right)).await.unwrap());
    }
    let resent = codes.resend(AN, &asking(OWNER)).await.unwrap().otp_code;
    let again = codes.generate(AN, &asking("second")).await.unwrap();
    assert!(again.otp_code == resent && again.shared);
    assert!(
        codes
            .validate(AN, &by_asker("second", &resent))
            .await
            .unwrap()
    );
}

pub async fn b10_a_code_that_was_used_or_burnt_is_not_issued_already(store: Store) {
    let otp = otp_on(&store);
    let codes: &dyn OneTimeCodes = otp.as_ref();
    let first = codes.generate(AN, &asking(OWNER)).await.unwrap();
    assert!(!first.already_issued);
    let again = codes.generate(AN, &asking_in_vain(OWNER)).await.unwrap();
    assert!(again.already_issued);
    let used = typed(OWNER, &first.otp_code);
    assert!(codes.validate(AN, &used).await.unwrap());
    let second = codes.generate(AN, &asking_in_vain(OWNER)).await.unwrap();
    assert!(!second.already_issued);
    for n in 1..=5 {
        let wrong = typed(OWNER, &nth_wrong(&second.otp_code, n));
        assert!(!codes.validate(AN, &wrong).await.unwrap());
    }
    let third = codes.generate(AN, &asking_in_vain(OWNER)).await.unwrap();
    assert!(!third.already_issued && !third.status_message.starts_with("Existing"));
    assert!(
        !codes
            .validate(AN, &typed(OWNER, &second.otp_code))
            .await
            .unwrap()
    );
    assert!(
        codes
            .validate(AN, &typed(OWNER, &third.otp_code))
            .await
            .unwrap()
    );
}
