//! Too many failed logins are 429, and no client can lock the owner out (decision 30, reliability.md S04, S05).

use std::net::Ipv4Addr;

use anyhow::{Context as _, Result};
use colloquy_e2e::client::{Answer, Client, NewAccount};
use serde_json::json;

use crate::scene::{assert_common, keys, scene};

/// The suite's systems allow thirty failed logins an account (the default is ten).
const ALLOWED: usize = 30;
const STRANGER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 4);

async fn guess(client: &Client, username: &str, password: &str) -> Result<Answer> {
    let body = json!({"username": username, "password": password});
    Ok(client.post("/auth/login", &body).await?)
}

#[track_caller]
fn assert_too_many(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 429, "{what}: {answer:?}");
    assert_eq!(keys(&answer.body), ["details", "message"], "{what}");
    assert_common(answer, what);
    let wait = answer.header("retry-after").unwrap_or_default();
    assert!(
        wait.parse().is_ok_and(|seconds: u32| seconds > 0),
        "{what}: {answer:?}"
    );
}

#[tokio::test]
async fn s04_a_thousand_guesses_from_many_addresses_are_compared_a_few_times() -> Result<()> {
    let scene = scene().await?;
    let owner = scene.newcomer("Guessed At").await?;
    let mut refused = 0;
    for n in 0..100 {
        let stranger = scene.anonymous()?.on(Ipv4Addr::new(127, 0, 5, n + 1))?;
        let tries = (0..10).map(|_| guess(&stranger, &owner.account.username, "wrong"));
        for answer in futures_util::future::join_all(tries).await {
            let answer = answer?;
            match answer.status {
                401 => {}
                429 => refused += 1,
                status => anyhow::bail!("{status}: {answer:?}"),
            }
        }
    }
    assert_eq!(refused, 1000 - ALLOWED, "only {ALLOWED} were compared");
    let right = &owner.account.password;
    let stranger = scene.anonymous()?.on(STRANGER)?;
    let late = guess(&stranger, &owner.account.username, right).await?;
    assert_too_many(
        &late,
        "a stranger learns nothing, not even by the right password",
    );
    let home = guess(&scene.anonymous()?, &owner.account.username, right).await?;
    assert_eq!(home.status, 200, "the owner is not locked out: {home:?}");
    Ok(())
}

#[tokio::test]
async fn decision_30_a_device_with_a_success_has_a_budget_of_its_own_wherever_it_is() -> Result<()>
{
    let scene = scene().await?;
    let owner = scene.newcomer("Who Travels").await?;
    let (username, password) = (&owner.account.username, &owner.account.password);
    let login = guess(&scene.anonymous()?, username, password).await?;
    let device = login
        .headers
        .get_all("set-cookie")
        .iter()
        .filter_map(|cookie| cookie.to_str().ok()?.split(';').next())
        .find(|cookie| cookie.starts_with("login_device="))
        .context("a login makes the device known")?
        .to_owned();
    let abroad = scene.anonymous()?.on(STRANGER)?;
    for _ in 0..=ALLOWED {
        guess(&abroad, username, "wrong").await?;
    }
    assert_too_many(&guess(&abroad, username, password).await?, "strangers");
    let body = json!({"username": username, "password": password});
    let known = |cookie: &str| {
        abroad
            .request(reqwest::Method::POST, "/auth/login")
            .header("cookie", cookie)
            .json(&body)
    };
    let (most, last) = device.split_at(device.len() - 1);
    let forged = format!("{most}{}", if last == "x" { "y" } else { "x" });
    assert_too_many(&abroad.fetch(known(&forged)).await?, "a forged device");
    let answer = abroad.fetch(known(&device)).await?;
    assert_eq!(answer.status, 200, "{answer:?}");
    Ok(())
}

#[tokio::test]
async fn s05_an_unknown_user_runs_out_of_tries_as_a_known_one_does() -> Result<()> {
    let scene = scene().await?;
    let known = scene.newcomer("Somebody").await?.account.username;
    let unknown = NewAccount::called("Nobody").username;
    let stranger = scene.anonymous()?.on(STRANGER)?;
    for n in 1..=ALLOWED + 1 {
        let one = guess(&stranger, &known, "wrong").await?;
        let other = guess(&stranger, &unknown, "wrong").await?;
        assert_eq!(
            (one.status, &one.body),
            (other.status, &other.body),
            "try {n}"
        );
        assert_eq!(one.status, if n > ALLOWED { 429 } else { 401 }, "try {n}");
    }
    Ok(())
}

#[tokio::test]
async fn contract_auth_login_429_after_too_many_failures_and_right_logins_never_count() -> Result<()>
{
    let scene = scene().await?;
    let owner = scene.newcomer("Who Logs In A Lot").await?.account;
    let client = scene.anonymous()?.on(STRANGER)?;
    for _ in 0..ALLOWED + 5 {
        let answer = guess(&client, &owner.username, &owner.password).await?;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    for _ in 0..ALLOWED {
        assert_eq!(guess(&client, &owner.username, "wrong").await?.status, 401);
    }
    assert_too_many(&guess(&client, &owner.username, "wrong").await?, "one more");
    Ok(())
}
