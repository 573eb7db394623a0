//! S08, F16, P7: a session that has ended is refused by every service, whatever is killed or flushed; and a password change that
//! cannot end sessions changes nothing.

use anyhow::{Context as _, Result, ensure};
use colloquy_e2e::{
    client::{Answer, Client, NewAccount},
    harness::eventually,
};
use serde_json::json;

use crate::{
    plan::{Build, Mode},
    target::Target,
};

/// Enough that every gateway is met.
const REPLAYS: usize = 20;
const SECOND: &str = "the second password";
const THIRD: &str = "the third password";

/// Ends sessions in every way there is, then kills everything in turn.
///
/// # Errors
/// A session that had ended was let in, or a password change took effect in part.
pub async fn what_was_revoked_stays_revoked(mode: Mode) -> Result<()> {
    let mut target = Target::start(mode, Build::Product).await?;
    let visitor = Client::new(&target.url())?;
    let account = NewAccount::called("Who Leaves");
    visitor.sign_up(&account).await?;
    let log_in = async |password: &str| visitor.login(&account.username, password).await;

    let [left, other, kept] = [
        log_in(&account.password).await?,
        log_in(&account.password).await?,
        log_in(&account.password).await?,
    ];
    log_out(&left).await?;
    let changed = change(&kept, &account.password, SECOND).await?;
    ensure!(changed.status == 200, "a password change: {}", changed.body);
    let mut ended = vec![left, other];
    denied(&ended, "when the answer is there").await?;

    if mode == Mode::Distributed {
        // Nothing of it is kept on disk, so that an end is a flush as well.
        target.kill("redis").await?;
        denied(&ended, "with Redis down").await?;
        let late = log_in(SECOND).await.context("with Redis down")?;
        log_out(&late).await?;
        ended.push(late);
        denied(&ended, "logged out with Redis down").await?;
        target.revive("redis").await?;
        denied(&ended, "after Redis forgot everything").await?;

        target.kill("auth-service-1").await?;
        let refused = change(&kept, SECOND, THIRD).await?;
        ensure!(
            refused.status == 503,
            "a password change without auth: {} {}",
            refused.status,
            refused.body
        );
        target.revive("auth-service-1").await?;
        eventually("the password is as it was", || async {
            Ok(log_in(SECOND).await.ok())
        })
        .await?;
        ensure!(log_in(THIRD).await.is_err(), "half of a change was kept");
    }
    for victim in target.victims() {
        target.kill(&victim).await?;
        target.revive(&victim).await?;
        denied(&ended, &format!("after a kill of {victim}")).await?;
    }
    eventually("the session that was kept goes on", || async {
        let answer = kept.get("/query/rooms").await?;
        Ok((answer.status == 200).then_some(()))
    })
    .await?;
    target.end().await
}

/// 401 from every service, or 503 where the answer is not known; never in.
async fn denied(ended: &[Client], when: &str) -> Result<()> {
    for session in ended {
        let mut sure = false;
        for _ in 0..REPLAYS {
            // Whatever was just killed may also give no answer.
            let Ok(answer) = session.get("/query/rooms").await else {
                continue;
            };
            ensure!(
                matches!(answer.status, 401 | 503),
                "{when} a session that had ended was answered with {}",
                answer.status
            );
            sure |= answer.status == 401;
        }
        if !sure {
            eventually("a session that has ended is 401", || async {
                let answer = session.get("/query/rooms").await.ok();
                Ok(answer.filter(|answer| answer.status == 401))
            })
            .await
            .with_context(|| when.to_owned())?;
        }
    }
    Ok(())
}

async fn log_out(session: &Client) -> Result<()> {
    let answer = session.post("/auth/logout", &json!({})).await?;
    ensure!(answer.status == 200, "a logout: {}", answer.body);
    Ok(())
}

async fn change(session: &Client, from: &str, to: &str) -> Result<Answer> {
    let body = json!({"currentPassword": from, "newPassword": to});
    Ok(session.post("/customer/changePass", &body).await?)
}
