//! Who is believed to have confirmed (S07, decision 28).

use colloquy_customer::Settings;
use serde_json::json;

use super::{USER1_EMAIL, confirmed, initiate, pass_seconds, reset};
use crate::system::{BROWSER, Client, SETTINGS, System};

const ELSEWHERE: Client = Client {
    address: "192.0.2.2",
    ..BROWSER
};
const OTHER_BROWSER: Client = Client {
    agent: Some("Mozilla/5.0 (An)"),
    ..BROWSER
};
const NO_BROWSER: Client = Client {
    agent: None,
    ..BROWSER
};

#[tokio::test]
async fn s07_a_ticket_is_believed_from_anywhere_in_the_body_or_as_a_cookie() {
    let anywhere = Client {
        address: "192.0.2.2",
        ..OTHER_BROWSER
    };
    let mut system = System::start().await;
    let ticket = confirmed(&mut system, USER1_EMAIL).await;
    let answer = reset(&system, &anywhere, USER1_EMAIL, Some(&ticket)).await;
    answer.assert_done();
    system.advance_seconds(60);
    let ticket = confirmed(&mut system, USER1_EMAIL).await;
    let anywhere = anywhere.with_cookie(&ticket);
    reset(&system, &anywhere, USER1_EMAIL, None)
        .await
        .assert_done();
}

#[tokio::test]
async fn s07_a_wrong_ticket_is_refused_and_leaves_the_confirmation_as_it_is() {
    let mut system = System::start().await;
    let ticket = confirmed(&mut system, USER1_EMAIL).await;
    let others = confirmed(&mut system, "user2@example.com").await;
    let mut nearly = ticket.clone();
    let last = if nearly.pop() == Some('A') { 'B' } else { 'A' };
    nearly.push(last);
    for wrong in ["", "A", &nearly, &others] {
        let answer = reset(&system, &BROWSER, USER1_EMAIL, Some(wrong)).await;
        answer.assert_refused(400);
        let with_cookie = BROWSER.with_cookie(wrong);
        let answer = reset(&system, &with_cookie, USER1_EMAIL, None).await;
        answer.assert_refused(400);
    }
    let with_cookie = BROWSER.with_cookie(&ticket);
    let answer = reset(&system, &with_cookie, USER1_EMAIL, Some(&others)).await;
    answer.assert_refused(400);
    let answer = reset(&system, &BROWSER, USER1_EMAIL, Some(&ticket)).await;
    answer.assert_done();
}

#[tokio::test]
async fn b07_of_several_ticket_cookies_the_right_one_is_believed() {
    let mut system = System::start().await;
    let ticket = confirmed(&mut system, USER1_EMAIL).await;
    let several = Client {
        cookie: Some(format!(
            "reset_ticket=stale; city=München; reset_ticket={ticket}; reset_ticket="
        )),
        ..BROWSER
    };
    reset(&system, &several, USER1_EMAIL, None)
        .await
        .assert_done();
}

#[tokio::test]
async fn s07_a_confirmation_is_refused_after_600_s() {
    for (seconds, status) in [(595, 200), (601, 400)] {
        let mut system = System::start().await;
        let ticket = confirmed(&mut system, USER1_EMAIL).await;
        pass_seconds(seconds).await;
        let answer = reset(&system, &BROWSER, USER1_EMAIL, Some(&ticket)).await;
        assert_eq!(answer.status, status, "{seconds}: {}", answer.body);
    }
}

#[tokio::test]
async fn decision_28_without_a_ticket_the_client_that_confirmed_is_believed_once() {
    let mut system = System::start().await;
    confirmed(&mut system, USER1_EMAIL).await;
    for other in [ELSEWHERE, OTHER_BROWSER, NO_BROWSER] {
        reset(&system, &other, USER1_EMAIL, None)
            .await
            .assert_refused(400);
    }
    reset(&system, &BROWSER, USER1_EMAIL, None)
        .await
        .assert_done();
    reset(&system, &BROWSER, USER1_EMAIL, None)
        .await
        .assert_refused(400);
}

#[tokio::test]
async fn decision_28_without_a_ticket_no_client_is_believed_by_its_address_alone() {
    let mut system = System::start().await;
    initiate(&system, USER1_EMAIL).await.assert_done();
    let body = json!({"email": USER1_EMAIL, "otpCode": system.mailed_code().await});
    let answer = NO_BROWSER.post(&system, "/forgetPass/confirm", body).await;
    let ticket = &answer.assert_done().body["data"]["resetTicket"];
    for client in [NO_BROWSER, BROWSER] {
        reset(&system, &client, USER1_EMAIL, None)
            .await
            .assert_refused(400);
    }
    let answer = reset(&system, &NO_BROWSER, USER1_EMAIL, ticket.as_str()).await;
    answer.assert_done();
}

#[tokio::test]
async fn b06_without_a_ticket_an_unknown_address_is_not_the_one_that_confirmed() {
    let unknown = Client {
        address: "unknown",
        ..BROWSER
    };
    let mut system = System::start().await;
    initiate(&system, USER1_EMAIL).await.assert_done();
    let body = json!({"email": USER1_EMAIL, "otpCode": system.mailed_code().await});
    let answer = unknown.post(&system, "/forgetPass/confirm", body).await;
    let ticket = &answer.assert_done().body["data"]["resetTicket"];
    reset(&system, &unknown, USER1_EMAIL, None)
        .await
        .assert_refused(400);
    let answer = reset(&system, &unknown, USER1_EMAIL, ticket.as_str()).await;
    answer.assert_done();
}

#[tokio::test]
async fn decision_28_without_a_ticket_a_confirmation_is_refused_after_120_s() {
    for (seconds, status) in [(115, 200), (121, 400)] {
        let mut system = System::start().await;
        let ticket = confirmed(&mut system, USER1_EMAIL).await;
        pass_seconds(seconds).await;
        let answer = reset(&system, &BROWSER, USER1_EMAIL, None).await;
        assert_eq!(answer.status, status, "{seconds}: {}", answer.body);
        if status == 400 {
            let answer = reset(&system, &BROWSER, USER1_EMAIL, Some(&ticket)).await;
            answer.assert_done();
        }
    }
}

#[tokio::test]
async fn decision_28_without_a_ticket_no_client_is_believed_when_the_setting_is_off() {
    let settings = Settings {
        reset_without_ticket: false,
        ..SETTINGS
    };
    let mut system = System::with(settings).await;
    let ticket = confirmed(&mut system, USER1_EMAIL).await;
    reset(&system, &BROWSER, USER1_EMAIL, None)
        .await
        .assert_refused(400);
    let answer = reset(&system, &BROWSER, USER1_EMAIL, Some(&ticket)).await;
    answer.assert_done();
}
