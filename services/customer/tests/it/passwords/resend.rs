//! `POST /forgetPass/resend`, and how often an address is mailed.

use serde_json::json;

use super::{USER1_EMAIL, confirm, initiate, resend};
use crate::system::{BROWSER, Client, System};

#[tokio::test]
async fn contract_customer_forget_pass_resend_200_mails_a_new_code_and_ends_the_earlier_one() {
    let mut system = System::start().await;
    resend(&system, USER1_EMAIL).await.assert_done();
    let first = system.mailed_code().await;
    system.advance_seconds(60);
    resend(&system, USER1_EMAIL).await.assert_done();
    let second = system.mailed_code().await;
    assert_ne!(first, second);
    confirm(&system, USER1_EMAIL, &first)
        .await
        .assert_refused(400);
    confirm(&system, USER1_EMAIL, &second).await.assert_done();
}

#[tokio::test]
async fn contract_customer_forget_pass_resend_200_within_60_s_mails_nothing_and_the_code_stays_valid()
 {
    let mut system = System::start().await;
    initiate(&system, USER1_EMAIL).await.assert_done();
    let code = system.mailed_code().await;
    system.advance_seconds(59);
    for _ in 0..5 {
        resend(&system, "User1@Example.com").await.assert_done();
    }
    // Had one of them been taken up, its mail would come first.
    initiate(&system, "user2@example.com").await.assert_done();
    assert_eq!(system.mail().await.to, "user2@example.com");
    assert_eq!(system.codes.made(), 2);
    confirm(&system, USER1_EMAIL, &code).await.assert_done();
}

/// Three times for one client, and five times for all (decision 38).
#[tokio::test]
async fn contract_customer_forget_pass_resend_200_mails_five_times_an_hour() {
    let mut system = System::start().await;
    for minute in 0..60 {
        let address = [
            "192.0.2.1",
            "192.0.2.2",
            "192.0.2.3",
            "192.0.2.4",
            "192.0.2.5",
        ][minute % 5];
        let client = Client { address, ..BROWSER };
        let body = json!({"email": USER1_EMAIL});
        let answer = client.post(&system, "/forgetPass/resend", body).await;
        answer.assert_done();
        if minute < 5 {
            assert!(system.mail().await.body.contains("100001"));
        }
        system.advance_seconds(60);
    }
    resend(&system, USER1_EMAIL).await.assert_done();
    assert!(system.mail().await.body.contains("100002"));
}
