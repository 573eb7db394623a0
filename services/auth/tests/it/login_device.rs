//! The cookie of a device on which a login succeeded (decision 30).

use axum::http::header;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{
    login_attempts::{Answered, RIGHT, World},
    parts::{NOW, SESSION_ID, verifier},
};

const HOME: &str = "10.0.0.1";
const ELSEWHERE: &str = "192.0.2.7";
const ATTACKER: &str = "203.0.113.9";
const DAY: i64 = 24 * 60 * 60 * 1000;

/// The cookies of an answer, as `name=value` and attributes.
fn cookies(answered: &Answered) -> Vec<(String, String)> {
    let split = |cookie: &str| {
        let (pair, attributes) = cookie.split_once("; ").unwrap();
        (pair.to_owned(), attributes.to_owned())
    };
    let all = answered.headers.get_all(header::SET_COOKIE).iter();
    all.map(|value| split(value.to_str().unwrap())).collect()
}

/// `login_device=…` after a login at home.
async fn device(world: &World) -> String {
    let answered = world.login(HOME, RIGHT, None).await;
    cookies(&answered).remove(1).0
}

fn claims(cookie: &str) -> Value {
    let payload = cookie.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[tokio::test]
async fn decision_30_a_login_sets_the_device_cookie_after_the_session_cookie() {
    let (_folder, world) = World::new().await;
    let answered = world.login(HOME, RIGHT, None).await;
    let cookies = cookies(&answered);
    assert_eq!(cookies.len(), 2);
    assert!(cookies[0].0.starts_with("jwt_token="));
    assert!(cookies[1].0.starts_with("login_device="));
    let expected = "HttpOnly; Path=/auth/login; Max-Age=2592000; SameSite=Lax";
    assert_eq!(cookies[1].1, expected);
    let account = "0a041b9462caa4a31bac3567e0b6e6fd9100787db2ab433d96f6d178cabfce90";
    let expected = json!({
        "iss": "colloquy", "aud": "colloquy-devices", "iat": NOW, "exp": NOW + 30 * 86_400,
        "device": SESSION_ID, "account": account,
    });
    assert_eq!(claims(&cookies[1].0), expected);
    let failed = world.login(HOME, ("user1", "wrong"), None).await;
    assert!(!failed.headers.contains_key(header::SET_COOKIE));
}

#[tokio::test]
async fn b07_of_several_device_cookies_the_one_of_the_account_counts() {
    let (_folder, world) = World::new().await;
    let device = device(&world).await;
    assert_eq!(world.guess_until_locked(ATTACKER, "user1").await, 10);
    for others in [
        format!("login_device=stale; {device}"),
        format!("login_device=; city=München; {device}; login_device=x"),
    ] {
        let answered = world.login(ELSEWHERE, RIGHT, Some(&others)).await;
        assert_eq!(answered.status, 200, "{others}");
    }
}

#[tokio::test]
async fn decision_30_a_known_device_gets_in_from_anywhere_while_strangers_are_locked() {
    let (_folder, world) = World::new().await;
    let device = device(&world).await;
    assert_eq!(world.guess_until_locked(ATTACKER, "user1").await, 10);
    assert_eq!(world.status(ELSEWHERE, RIGHT).await, 429);
    let others = format!("theme=dark; {device}");
    let answered = world.login(ELSEWHERE, RIGHT, Some(&others)).await;
    assert_eq!(answered.status, 200);
    let renewed = cookies(&answered).remove(1).0;
    assert_eq!(claims(&renewed)["device"], claims(&device)["device"]);
}

#[tokio::test]
async fn decision_30_a_known_device_gets_in_from_an_address_that_guesses_at_everybody() {
    let (_folder, world) = World::new().await;
    let device = device(&world).await;
    for nth in 0..100 {
        let username = format!("user-{nth}");
        assert_eq!(world.status(ATTACKER, (&username, "123")).await, 401);
    }
    assert_eq!(world.status(ATTACKER, RIGHT).await, 429);
    let answered = world.login(ATTACKER, RIGHT, Some(&device)).await;
    assert_eq!(
        answered.status, 200,
        "who shares the address is not locked out"
    );
}

#[tokio::test]
async fn decision_30_a_known_device_has_ten_tries_and_no_more() {
    let (_folder, world) = World::new().await;
    let device = device(&world).await;
    for nth in 0..12 {
        let answered = world
            .login(ELSEWHERE, ("user1", "wrong"), Some(&device))
            .await;
        assert_eq!(answered.status, if nth < 10 { 401 } else { 429 });
    }
    assert_eq!(
        world.status(HOME, RIGHT).await,
        200,
        "the address has its own"
    );
}

#[tokio::test]
async fn decision_30_what_is_no_device_of_that_account_is_a_stranger() {
    let (_folder, world) = World::new().await;
    let answered = world.login(HOME, RIGHT, None).await;
    let cookies = cookies(&answered);
    let session = cookies[0].0.replacen("jwt_token", "login_device", 1);
    let device = &cookies[1].0;
    for username in ["user1", "nobody"] {
        world.guess_until_locked(ATTACKER, username).await;
    }
    let without_signature = &device[..=device.rfind('.').unwrap()];
    for cookie in [
        &session,
        without_signature,
        "login_device=",
        "login_device=x",
    ] {
        let answered = world.login(ELSEWHERE, RIGHT, Some(cookie)).await;
        assert_eq!(answered.status, 429, "{cookie}");
    }
    let answered = world.login(ELSEWHERE, ("nobody", "x"), Some(device)).await;
    assert_eq!(answered.status, 429, "another account's device");
}

#[tokio::test]
async fn decision_30_a_device_is_known_for_thirty_days() {
    let (_folder, world) = World::new().await;
    let device = device(&world).await;
    for (days, expected) in [(29, 200), (30, 429)] {
        let (_folder, world) = World::new().await;
        world.clock.advance_millis(days * DAY);
        world.guess_until_locked(ATTACKER, "user1").await;
        let answered = world.login(ELSEWHERE, RIGHT, Some(&device)).await;
        assert_eq!(answered.status, expected, "after {days} days");
    }
}

#[tokio::test]
async fn s09_a_device_opens_no_session() {
    let (_folder, world) = World::new().await;
    let device = device(&world).await;
    let token = device.strip_prefix("login_device=").unwrap();
    assert!(verifier(&world.clock).verify(token).is_none());
}
