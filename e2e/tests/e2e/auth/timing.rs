//! The time of an answer does not reveal who has an account (reliability.md S05).

use std::time::Duration;

use anyhow::Result;
use colloquy_e2e::client::{Client, NewAccount};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::scene::scene;

/// Pairs of questions; the order within a pair alternates, so that a load that comes and goes meets both alike.
const PAIRS: usize = 60;

/// The median of paired differences lies this close to zero, or the two can be distinguished.
async fn compare(
    client: &Client,
    path: &str,
    known: impl Fn(usize) -> Value,
    unknown: impl Fn(usize) -> Value,
) -> Result<()> {
    let (mut differences, mut times) = (Vec::new(), Vec::new());
    for n in 0..PAIRS {
        let (one, other) = (known(n), unknown(n));
        let (first, second) = if n % 2 == 0 {
            (&one, &other)
        } else {
            (&other, &one)
        };
        let (first, second) = (
            ask(client, path, first).await?,
            ask(client, path, second).await?,
        );
        let (known, unknown) = if n % 2 == 0 {
            (first, second)
        } else {
            (second, first)
        };
        differences.push(known.as_secs_f64() - unknown.as_secs_f64());
        times.extend([known, unknown]);
    }
    differences.sort_by(f64::total_cmp);
    times.sort();
    let (difference, typical) = (differences[PAIRS / 2], times[PAIRS].as_secs_f64());
    // A fifth of the time of an answer, or what a network adds by itself.
    let allowed = (typical / 5.0).max(0.003);
    assert!(
        difference.abs() < allowed,
        "{path}: known and unknown differ by {difference:.4} s of {typical:.4} s"
    );
    Ok(())
}

async fn ask(client: &Client, path: &str, body: &Value) -> Result<Duration> {
    let asked = Instant::now();
    client.post(path, body).await?;
    Ok(asked.elapsed())
}

#[tokio::test]
async fn s05_login_takes_as_long_for_an_unknown_user_as_for_a_wrong_password() -> Result<()> {
    let scene = scene().await?;
    let mut known = Vec::new();
    // No account may run out of tries: a refusal is quicker than a comparison.
    for _ in 0..PAIRS / 15 {
        known.push(scene.newcomer("Timed").await?.account.username);
    }
    let body = |username: &str| json!({"username": username, "password": "not the password"});
    compare(
        &scene.anonymous()?,
        "/auth/login",
        |n| body(&known[n % known.len()]),
        |_| body(&NewAccount::called("Nobody").username),
    )
    .await
}

#[tokio::test]
async fn s05_forgotten_passwords_take_as_long_for_unknown_addresses() -> Result<()> {
    let scene = scene().await?;
    // Each address is asked for as often as the one it is compared with: a second mail within a minute is none.
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for _ in 0..PAIRS {
        let account = NewAccount::called("Timed");
        scene.anonymous()?.sign_up(&account).await?;
        known.push(account.email);
        unknown.push(NewAccount::called("Nobody").email);
    }
    let body = |email: &str| json!({"email": email});
    for path in [
        "/customer/forgetPass/initiate",
        "/customer/forgetPass/resend",
    ] {
        compare(
            &scene.anonymous()?,
            path,
            |n| body(&known[n]),
            |n| body(&unknown[n]),
        )
        .await?;
    }
    Ok(())
}
