//! F17: Redis is down. Chat goes on as if nothing had happened; what needs a code is refused cleanly, and nothing that
//! a code protects is open.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use colloquy_e2e::{
    client::{Answer, Client, NewAccount, USER2, USER3},
    harness::eventually,
};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::load;
use crate::{
    nemesis::Fault,
    plan::{Build, Mode, Size},
    probe::Probe,
    run::run_under_load,
    target::Target,
};

/// An answer is promised in this time (P6), and a push while nothing of it needs Redis.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
const ROUND_INTERVAL: Duration = Duration::from_millis(300);

/// # Errors
/// Chat did not go on, something was refused in another way, or was not refused.
pub async fn chat_goes_on(mode: Mode, size: Size) -> Result<()> {
    let mut target = Target::start(mode, Build::Product).await?;
    let away = Duration::from_secs(size.of(10, 60));
    let plan = load(mode, size, size.of(90, 120));
    let report = run_under_load(&mut target, &plan, async |target, setup| {
        let visitor = Client::new(&target.url())?;
        let account = NewAccount::called("Who Forgot");
        visitor.sign_up(&account).await?;
        let ended = visitor.login(USER3.username, USER3.password).await?;
        let answer = ended.post("/auth/logout", &json!({})).await?;
        ensure!(answer.status == 200, "a logout: {}", answer.body);
        let reader = (&setup.clients[1], USER2.id);
        let mut probe = Probe::new(&setup.clients[0], reader, &target.url()).await?;

        target.kill("redis").await?;
        let began = Instant::now();
        let (mut rounds, mut slowest, mut logins) = (0, Duration::ZERO, [0, 0]);
        while began.elapsed() < away {
            let round = probe.round().await.context("without Redis")?;
            ensure!(round.failed_tries == 0, "a send was not taken without Redis");
            slowest = slowest.max(round.pushed_after).max(round.slowest_answer);
            rounds += 1;
            no_code(&visitor, &account).await?;
            let body = json!({"username": USER3.username, "password": USER3.password});
            let login = timed("a login", visitor.post("/auth/login", &body)).await?;
            ensure!(
                matches!(login.status, 200 | 503),
                "a login was answered with {}",
                login.status
            );
            logins[usize::from(login.status == 503)] += 1;
            let replay = timed("a replay", ended.get("/query/rooms")).await?;
            ensure!(
                matches!(replay.status, 401 | 503),
                "a session that had ended was answered with {}",
                replay.status
            );
            sleep(ROUND_INTERVAL).await;
        }
        target.revive("redis").await?;
        let ended_at = Instant::now();
        println!(
            "F17: Redis was down for {:?}: {rounds} messages of another room, answered and pushed in at most {slowest:?}; {} logins let in, {} refused; as many codes refused",
            ended_at - began, logins[0], logins[1]
        );
        ensure!(slowest <= ANSWER_TIMEOUT, "a message took {slowest:?}");
        eventually("codes are mailed again", || async {
            let body = json!({"email": account.email});
            let answer = visitor.post("/customer/forgetPass/initiate", &body).await?;
            Ok((answer.status == 200).then_some(()))
        })
        .await?;
        Ok(vec![Fault { began, ended: ended_at }])
    })
    .await?;
    report.verify(&plan)?;
    target.end().await
}

/// Nothing that needs a code works, and known and unknown addresses look alike (S05).
async fn no_code(visitor: &Client, account: &NewAccount) -> Result<()> {
    for email in [account.email.as_str(), "nobody@example.com"] {
        let asked = json!({"email": email});
        let guess = json!({"email": email, "otpCode": "123456"});
        let reset = json!({"email": email, "newPassword": "another password"});
        for (path, body) in [
            ("initiate", &asked),
            ("resend", &asked),
            ("confirm", &guess),
            ("reset", &reset),
        ] {
            let path = format!("/customer/forgetPass/{path}");
            let answer = timed(&path, visitor.post(&path, body)).await?;
            ensure!(
                answer.status == 503,
                "without Redis {path} of {} was answered with {}: {}",
                if email == account.email {
                    "a known address"
                } else {
                    "an unknown address"
                },
                answer.status,
                answer.body
            );
            ensure!(
                answer.header("retry-after").is_some(),
                "a 503 without Retry-After"
            );
        }
    }
    Ok(())
}

async fn timed(what: &str, call: impl Future<Output = reqwest::Result<Answer>>) -> Result<Answer> {
    let began = Instant::now();
    let answer = call
        .await
        .with_context(|| format!("{what} without Redis"))?;
    ensure!(
        began.elapsed() <= ANSWER_TIMEOUT,
        "{what} without Redis took {:?}",
        began.elapsed()
    );
    Ok(answer)
}
