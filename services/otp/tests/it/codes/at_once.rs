//! Many callers at once.

use std::{future::Future, sync::Arc};

use colloquy_service_api::CallError;
use tokio::{sync::Barrier, task::JoinSet};

use crate::{
    interrupted::{Call, down, interrupted},
    parts::{AN, OneRequester as _, Store, nth_wrong, otp_on},
};

/// What `count` callers are answered who begin together.
pub async fn at_once<T, F>(count: u32, act: impl Fn(u32) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let start = Arc::new(Barrier::new(count as usize));
    let mut callers = JoinSet::new();
    for n in 0..count {
        let (start, act) = (Arc::clone(&start), act(n));
        callers.spawn(async move {
            start.wait().await;
            act.await
        });
    }
    callers.join_all().await
}

pub async fn contract_4_otp_generate_answers_everybody_one_code(store: Store) {
    let otp = otp_on(&store);
    let issued = at_once(100, |_| {
        let otp = Arc::clone(&otp);
        async move { otp.generate(AN).await.unwrap() }
    })
    .await;
    assert!(issued.iter().all(|one| one.otp_code == issued[0].otp_code));
    let new = issued
        .iter()
        .filter(|one| !one.status_message.starts_with("Existing"));
    assert_eq!(new.count(), 1);
    assert!(otp.validate(AN, &issued[0].otp_code).await.unwrap());
}

pub async fn s06_of_a_hundred_right_tries_at_once_one_is_answered_yes(store: Store) {
    let otp = otp_on(&store);
    for _ in 0..5 {
        let right = otp.generate(AN).await.unwrap().otp_code;
        let answers = at_once(100, |_| {
            let (otp, right) = (Arc::clone(&otp), right.clone());
            async move { otp.validate(AN, &right).await.unwrap() }
        })
        .await;
        assert_eq!(answers.iter().filter(|yes| **yes).count(), 1);
        assert!(!otp.validate(AN, &right).await.unwrap());
    }
}

/// All five have compared before one removes the code.
pub async fn s06_of_five_callers_with_the_right_code_one_is_answered_yes(store: Store) {
    let right = otp_on(&store).generate(AN).await.unwrap().otp_code;
    let all_have_compared = Arc::new(Barrier::new(5));
    let hindered = interrupted(&store, move |call| {
        let all_have_compared = Arc::clone(&all_have_compared);
        Box::pin(async move {
            if call == Call::TakeIf {
                all_have_compared.wait().await;
            }
            Ok(())
        })
    });
    let hindered = otp_on(&hindered);
    let answers = at_once(5, |_| {
        let (otp, right) = (Arc::clone(&hindered), right.clone());
        async move { otp.validate(AN, &right).await.unwrap() }
    })
    .await;
    assert_eq!(answers.iter().filter(|yes| **yes).count(), 1);
}

pub async fn s06_a_thousand_wrong_tries_at_once_leave_no_try(store: Store) {
    let otp = otp_on(&store);
    let right = otp.generate(AN).await.unwrap().otp_code;
    let answers = at_once(1_000, |n| {
        let (otp, wrong) = (Arc::clone(&otp), nth_wrong(&right, n + 1));
        async move { otp.validate(AN, &wrong).await.unwrap() }
    })
    .await;
    assert_eq!(answers, [false; 1_000]);
    assert!(!otp.validate(AN, &right).await.unwrap());
    let next = otp.generate(AN).await.unwrap();
    assert!(!next.status_message.starts_with("Existing"));
    assert!(otp.validate(AN, &next.otp_code).await.unwrap());
}

/// All have read the live code before one is counted, and none can remove it: only counting limits them. The tries are
/// right, so a comparison shows as a removal that failed.
pub async fn s06_of_a_thousand_tries_that_have_read_the_code_five_are_compared(store: Store) {
    let otp = otp_on(&store);
    let right = otp.generate(AN).await.unwrap().otp_code;
    let all_have_read = Arc::new(Barrier::new(1_000));
    let hindered = interrupted(&store, move |call| {
        let all_have_read = Arc::clone(&all_have_read);
        Box::pin(async move {
            match call {
                Call::Count => {
                    all_have_read.wait().await;
                }
                Call::TakeIf => return Err(down()),
                _ => {}
            }
            Ok(())
        })
    });
    let hindered = otp_on(&hindered);
    let answers = at_once(1_000, |_| {
        let (otp, right) = (Arc::clone(&hindered), right.clone());
        async move { otp.validate(AN, &right).await }
    })
    .await;
    let compared = answers
        .iter()
        .filter(|answer| matches!(answer, Err(CallError::Unavailable(..))));
    assert_eq!(compared.count(), 5);
    assert!(!answers.iter().any(|answer| matches!(answer, Ok(true))));
    assert!(store.get(crate::parts::KEY_OF_AN).await.unwrap().is_some());
    assert!(!otp.validate(AN, &right).await.unwrap());
}
