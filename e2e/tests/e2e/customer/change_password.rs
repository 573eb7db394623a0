//! `POST /customer/changePass`: the password changes, and every other session ends with it.

use std::time::Duration;

use anyhow::{Context as _, Result};
use colloquy_e2e::client::{Answer, Client};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::newcomer::Newcomer;
use crate::scene::{assert_refused, scene};

const PATH: &str = "/customer/changePass";
const NEW: &str = "another battery staple";
/// Enough that both gateways of a distributed system are met again and again.
const REPLAYS: usize = 50;

async fn change(client: &Client, from: &str, to: &str) -> Result<Answer> {
    let body = json!({"currentPassword": from, "newPassword": to});
    Ok(client.post(PATH, &body).await?)
}

#[tokio::test]
async fn contract_customer_change_pass_200_the_new_password_logs_in_and_the_old_one_does_not()
-> Result<()> {
    let scene = scene().await?;
    let Newcomer {
        account, client, ..
    } = scene.newcomer("Who Changes").await?;
    let answer = change(&client, &account.password, NEW).await?;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body["success"], true);
    let anonymous = scene.anonymous()?;
    anonymous.login(&account.username, NEW).await?;
    let old = json!({"username": account.username, "password": account.password});
    assert_eq!(anonymous.post("/auth/login", &old).await?.status, 401);
    Ok(())
}

#[tokio::test]
async fn contract_customer_change_pass_400_missing_equal_or_too_weak() -> Result<()> {
    let scene = scene().await?;
    let Newcomer {
        account, client, ..
    } = scene.newcomer("Who Changes").await?;
    let current = account.password.as_str();
    for body in [
        json!({}),
        json!({"currentPassword": current}),
        json!({"newPassword": NEW}),
        json!({"currentPassword": current, "newPassword": current}),
        json!({"currentPassword": current, "newPassword": ""}),
        json!({"currentPassword": current, "newPassword": "1234567"}),
        json!({"currentPassword": current, "newPassword": "x".repeat(129)}),
        json!({"currentPassword": current, "newPassword": "password1"}),
        json!({"currentPassword": current, "newPassword": 12_345_678}),
        json!({"currentPassword": null, "newPassword": NEW}),
        json!([current, NEW]),
        Value::Null,
    ] {
        assert_refused(&client.post(PATH, &body).await?, 400, &body.to_string());
    }
    client.login(&account.username, current).await?;
    Ok(())
}

#[tokio::test]
async fn contract_customer_change_pass_401_for_a_wrong_password_and_the_session_goes_on()
-> Result<()> {
    let scene = scene().await?;
    let client = scene.newcomer("Who Changes").await?.client;
    let answer = change(&client, "not the password", NEW).await?;
    assert_refused(&answer, 401, "a wrong password");
    assert_eq!(answer.session_cookie(), None, "the session did not fail");
    assert_eq!(client.get("/query/rooms").await?.status, 200);
    let anonymous = change(&scene.anonymous()?, "x", NEW).await?;
    assert_refused(&anonymous, 401, "without a session");
    Ok(())
}

#[tokio::test]
async fn s08_a_password_change_ends_every_other_session_on_every_gateway_at_once() -> Result<()> {
    let scene = scene().await?;
    let Newcomer {
        account, client, ..
    } = scene.newcomer("Who Changes").await?;
    let other = client.login(&account.username, &account.password).await?;
    assert_eq!(other.get("/query/rooms").await?.status, 200);
    assert_eq!(change(&client, &account.password, NEW).await?.status, 200);
    for replay in 0..REPLAYS {
        let answer = other.get("/query/rooms").await?;
        assert_refused(&answer, 401, &format!("replay {replay}"));
        assert_eq!(client.get("/query/rooms").await?.status, 200);
    }
    let later = client.login(&account.username, NEW).await?;
    assert_eq!(later.get("/query/rooms").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn s08_a_password_change_closes_the_sockets_of_other_sessions_within_two_seconds()
-> Result<()> {
    let scene = scene().await?;
    let Newcomer {
        account, client, ..
    } = scene.newcomer("Who Changes").await?;
    let other = client.login(&account.username, &account.password).await?;
    let mut sockets = Vec::new();
    for _ in 0..4 {
        sockets.push((scene.socket(&other).await?, scene.socket(&client).await?));
    }
    assert_eq!(change(&client, &account.password, NEW).await?.status, 200);
    let changed = Instant::now();
    for (socket, _) in &mut sockets {
        let (error, closed) = socket.expect_error().await?;
        assert_eq!(error.header("message"), Some("session ended"));
        assert_eq!(closed.code, 1002);
    }
    let taken = changed.elapsed();
    assert!(taken <= Duration::from_secs(2), "{taken:?}");
    for (_, socket) in &mut sockets {
        socket.subscribe("/user/topic/rooms").await?;
    }
    Ok(())
}

#[tokio::test]
async fn decision_23_of_two_changes_at_once_one_wins() -> Result<()> {
    let scene = scene().await?;
    let Newcomer {
        account, client, ..
    } = scene.newcomer("Who Changes").await?;
    let (left, right) = tokio::join!(
        change(&client, &account.password, "the left password"),
        change(&client, &account.password, "the right password"),
    );
    let statuses = [left?.status, right?.status];
    let winner = statuses.iter().position(|status| *status == 200);
    let winner = winner.with_context(|| format!("{statuses:?}"))?;
    assert_eq!(statuses[1 - winner], 401, "{statuses:?}");
    let password = ["the left password", "the right password"][winner];
    scene
        .anonymous()?
        .login(&account.username, password)
        .await?;
    Ok(())
}
