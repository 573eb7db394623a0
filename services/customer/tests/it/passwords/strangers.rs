//! A stranger who knows an address harms no owner's reset (decision 38).

use colloquy_customer::Settings;
use futures_util::future::join_all;
use serde_json::json;

use super::{USER1_EMAIL, confirm, initiate};
use crate::system::{Answer, BROWSER, Client, SETTINGS, System};

const STRANGER: Client = Client {
    address: "198.51.100.1",
    ..BROWSER
};

async fn ask(system: &System, client: &Client, path: &str) -> Answer {
    let path = format!("/forgetPass/{path}");
    let body = json!({"email": USER1_EMAIL});
    client.post(system, &path, body).await.assert_done()
}

async fn try_code(system: &System, client: &Client, code: &str) -> Answer {
    let body = json!({"email": USER1_EMAIL, "otpCode": code});
    client.post(system, "/forgetPass/confirm", body).await
}

/// Five wrong codes.
async fn burn(system: &System, client: &Client) {
    for _ in 0..5 {
        try_code(system, client, "000000").await.assert_refused(400);
    }
}

fn from(address: String) -> Client {
    Client {
        address: address.leak(),
        ..BROWSER
    }
}

#[tokio::test]
async fn b09_wrong_codes_of_strangers_leave_the_owner_its_tries() {
    let mut system = System::start().await;
    initiate(&system, USER1_EMAIL).await.assert_done();
    let code = system.mailed_code().await;
    burn(&system, &STRANGER).await;
    try_code(&system, &STRANGER, &code)
        .await
        .assert_refused(400);
    confirm(&system, USER1_EMAIL, &code).await.assert_done();
}

/// The stranger shares the owner's address; the owner has the cookie.
#[tokio::test]
async fn b09_a_cookie_tells_the_owner_from_a_stranger_at_the_same_address() {
    let mut system = System::start().await;
    let owner = BROWSER.keeping(&ask(&system, &BROWSER, "initiate").await);
    let code = system.mailed_code().await;
    burn(&system, &BROWSER).await;
    try_code(&system, &BROWSER, &code).await.assert_refused(400);
    try_code(&system, &owner, &code).await.assert_done();
}

/// And the addresses of one IPv6 network are one.
#[tokio::test]
async fn b09_neither_a_user_agent_nor_a_made_up_cookie_nor_a_host_of_a_network_brings_new_tries() {
    let mut system = System::start().await;
    let client = |n: usize| Client {
        address: format!("2001:db8::{n}").leak(),
        agent: Some(format!("browser {n}").leak()),
        cookie: Some(format!("reset_requester={}", "A".repeat(42 + n))),
        ..BROWSER
    };
    initiate(&system, USER1_EMAIL).await.assert_done();
    let code = system.mailed_code().await;
    for n in 1..=5 {
        let answer = try_code(&system, &client(n), "000000").await;
        answer.assert_refused(400);
    }
    try_code(&system, &client(6), &code)
        .await
        .assert_refused(400);
    confirm(&system, USER1_EMAIL, &code).await.assert_done();
}

/// Whatever strangers do with the code, however often they ask for another.
#[tokio::test]
async fn b09_no_request_of_a_stranger_ends_a_code() {
    let mut system = System::start().await;
    ask(&system, &BROWSER, "initiate").await;
    let code = system.mailed_code().await;
    let stranger = STRANGER.keeping(&ask(&system, &STRANGER, "initiate").await);
    for path in ["resend", "initiate", "resend"] {
        burn(&system, &stranger).await;
        system.advance_seconds(60);
        ask(&system, &stranger, path).await;
    }
    // Two kept for others, so that the stranger's third request mailed nothing.
    for _ in 0..2 {
        assert_eq!(system.mailed_code().await, code);
    }
    confirm(&system, USER1_EMAIL, &code).await.assert_done();
}

#[tokio::test]
async fn b09_after_fifty_wrong_codes_in_a_day_only_the_cookie_that_a_code_came_with_is_let_in() {
    let mut system = System::start().await;
    let guess = async |system: &System, n: u32| {
        let stranger = from(format!("198.51.100.{n}"));
        try_code(system, &stranger, "000000")
            .await
            .assert_refused(400);
    };
    for n in 0..49 {
        guess(&system, n).await;
    }
    // A right code does not count.
    for _ in 0..2 {
        initiate(&system, USER1_EMAIL).await.assert_done();
        let code = system.mailed_code().await;
        confirm(&system, USER1_EMAIL, &code).await.assert_done();
    }
    guess(&system, 49).await;
    system.advance_seconds(3600);
    let owner = BROWSER.keeping(&ask(&system, &BROWSER, "initiate").await);
    let code = system.mailed_code().await;
    let stranger = STRANGER.keeping(&ask(&system, &STRANGER, "initiate").await);
    for refused in [&BROWSER, &STRANGER, &stranger] {
        try_code(&system, refused, &code).await.assert_refused(400);
    }
    burn(&system, &stranger).await;
    try_code(&system, &owner, "000000")
        .await
        .assert_refused(400);
    try_code(&system, &owner, &code).await.assert_done();
    // A day after the fifty.
    system.advance_seconds(23 * 3600);
    ask(&system, &BROWSER, "initiate").await;
    let code = system.mailed_code().await;
    try_code(&system, &STRANGER, &code).await.assert_done();
}

/// All of them without a cookie, so none is compared beyond the fifty.
#[tokio::test]
async fn b09_of_a_hundred_wrong_codes_at_once_fifty_are_compared() {
    let system = System::start().await;
    let strangers: Vec<Client> = (0..100).map(|n| from(format!("198.51.100.{n}"))).collect();
    let tries = strangers.iter().map(|it| try_code(&system, it, "000000"));
    for answer in join_all(tries).await {
        answer.assert_refused(400);
    }
    assert_eq!(system.codes.compared(), 50);
}

#[tokio::test]
async fn b09_a_stranger_does_not_use_up_the_owners_mails() {
    let mut system = System::start().await;
    let mut codes = Vec::new();
    for request in 0..6 {
        ask(&system, &STRANGER, "resend").await;
        if request < 3 {
            codes.push(system.mailed_code().await);
        }
        system.advance_seconds(60);
    }
    let owner = BROWSER.keeping(&ask(&system, &BROWSER, "initiate").await);
    codes.push(system.mailed_code().await);
    assert!(
        system.no_mail(),
        "three of the stranger's, one of the owner's"
    );
    assert_eq!(codes[3], (100_000 + system.codes.made()).to_string());
    try_code(&system, &owner, &codes[3]).await.assert_done();
}

/// Right or wrong, whatever the address; another client address has its own.
#[tokio::test]
async fn b09_429_after_so_many_confirms_of_one_client_address() {
    let settings = Settings {
        confirms_per_hour: 30,
        ..SETTINGS
    };
    let mut system = System::with(settings).await;
    let body = |n: u32| json!({"email": format!("nobody{n}@example.com"), "otpCode": "000000"});
    for n in 0..30 {
        let answer = STRANGER.post(&system, "/forgetPass/confirm", body(n)).await;
        answer.assert_refused(400);
    }
    initiate(&system, USER1_EMAIL).await.assert_done();
    let code = system.mailed_code().await;
    try_code(&system, &STRANGER, &code)
        .await
        .assert_wait(429, 3600);
    confirm(&system, USER1_EMAIL, &code).await.assert_done();
}

#[tokio::test]
async fn b10_a_used_code_is_followed_by_a_new_one_at_once() {
    let mut system = System::start().await;
    for _ in 0..3 {
        initiate(&system, USER1_EMAIL).await.assert_done();
        let code = system.mailed_code().await;
        confirm(&system, USER1_EMAIL, &code).await.assert_done();
    }
    // The mails of this hour bound it all the same.
    initiate(&system, USER1_EMAIL).await.assert_done();
    ask(&system, &STRANGER, "initiate").await;
    assert!(system.mail().await.body.contains("100004"));
    assert!(system.no_mail());
}

#[tokio::test]
async fn b10_a_code_whose_tries_have_ended_is_followed_by_a_new_one_at_once() {
    for path in ["initiate", "resend"] {
        let mut system = System::start().await;
        let owner = BROWSER.keeping(&ask(&system, &BROWSER, "initiate").await);
        let burnt = system.mailed_code().await;
        burn(&system, &owner).await;
        ask(&system, &owner, path).await;
        let code = system.mailed_code().await;
        assert_ne!(code, burnt);
        // It was sent this instant, so that the next request mails nothing.
        system.advance_seconds(59);
        system.codes.health.called().await;
        ask(&system, &owner, path).await;
        system.codes.health.called().await;
        try_code(&system, &owner, &code).await.assert_done();
        assert!(system.no_mail());
        assert_eq!(system.codes.made(), 2);
    }
}

#[tokio::test]
async fn b16_a_code_is_confirmed_however_it_was_pasted() {
    let mut system = System::start().await;
    initiate(&system, USER1_EMAIL).await.assert_done();
    let code = system.mailed_code().await;
    let full_width = |c: char| char::from_u32(u32::from(c) - 0x30 + 0xff10).unwrap();
    let pasted: String = code[3..].chars().map(full_width).collect();
    let pasted = format!(" {} {pasted}\n", &code[..3]);
    confirm(&system, USER1_EMAIL, &pasted).await.assert_done();
}
