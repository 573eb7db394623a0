//! Sessions, codes, keys and failed logins: the cases of B05.

use anyhow::{Context as _, Result, ensure};
use colloquy_e2e::{
    client::{Answer, Browser, Client, NewAccount, USER2},
    harness::{Mailbox, eventually},
};
use serde_json::json;

use super::{DAY, HOUR, start_at};
use crate::{customers::clients, shifted_clock::ShiftedClock, target::Target};

const SECOND: &str = "the second password";
const THIRD: &str = "the third password";
/// Tries before the first lock, and how long that lasts.
const TRIES: usize = 10;
const LOCK_SECONDS: i64 = 15 * 60;

/// A change and a reset of a password end the sessions that were begun while the clock was ahead, and a code lives as
/// long as it should while the clock jumps.
pub async fn no_earlier_session_is_left(target: &Target, clock: &ShiftedClock) -> Result<()> {
    let url = target.url();
    let (client, account) = newcomer(&url).await?;
    let log_in = async |password: &str| client.login(&account.username, password).await;
    let kept = log_in(&account.password).await?;
    clock.set(HOUR)?;
    let ahead = log_in(&account.password).await?;
    clock.set(0)?;
    let body = json!({"currentPassword": account.password, "newPassword": SECOND});
    done(&kept.post("/customer/changePass", &body).await?, "a change")?;
    status(&ahead, 401, "begun while ahead, after a change").await?;
    status(&kept, 200, "the one that goes on, after a change").await?;

    clock.set(HOUR)?;
    let ahead = log_in(SECOND).await?;
    let browser = Browser::at_home(&url)?;
    let email = &account.email;
    let body = json!({"email": email});
    let initiate = browser.post("/customer/forgetPass/initiate", &body);
    done(&initiate.await?, "asking for a code")?;
    let code = Mailbox::Page(url.clone()).code_in(1, email).await?;
    clock.set(0)?;
    let body = json!({"email": email, "otpCode": code});
    let confirm = browser.post("/customer/forgetPass/confirm", &body);
    done(&confirm.await?, "confirming a code")?;
    clock.set(-HOUR)?;
    let body = json!({"email": email, "newPassword": THIRD});
    let reset = browser.post("/customer/forgetPass/reset", &body);
    done(&reset.await?, "a reset")?;
    status(&ahead, 401, "begun while ahead, after a reset").await?;
    status(&kept, 401, "the one that had gone on, after a reset").await?;
    let behind = log_in(THIRD).await?;
    clock.set(0)?;
    status(&behind, 200, "begun with the new password").await?;
    status(&ahead, 401, "begun while ahead, later").await
}

/// A start with a clock that is ahead by a day brings no session back, and no key is used twice.
pub async fn no_start_sweeps_what_counts(target: &mut Target, clock: &ShiftedClock) -> Result<()> {
    let url = target.url();
    let (client, account) = newcomer(&url).await?;
    let left = client.login(&account.username, &account.password).await?;
    done(&left.post("/auth/logout", &json!({})).await?, "a logout")?;
    let user1 = clients(&url).await?.remove(0);
    let room = user1.create_room("keys", &[USER2.id]).await?;
    let send = async || {
        user1
            .send(room, "once", Some("b05-a-key-of-two-days"))
            .await
    };
    let sent = send().await?;

    start_at(target, clock, DAY + 2 * HOUR).await?;
    for (file, sweep) in [("sessions.db", "auth"), ("write.db", "idempotency")] {
        swept(target, file, sweep).await?;
    }
    start_at(target, clock, 0).await?;
    status(&left, 401, "logged out, after a start that was ahead").await?;
    let again = eventually("the send is answered", || async { Ok(send().await.ok()) }).await?;
    ensure!(sent == again, "one key made {sent:?} and {again:?}");
    Ok(())
}

/// Waits until the sweep of the process that is ahead has had its turn.
async fn swept(target: &mut Target, file: &str, sweep: &str) -> Result<()> {
    let stores = target.all_in_one()?.stores();
    eventually("a sweep has its turn", || async {
        let ahead = stores.read_ahead(file, sweep).await?;
        Ok(ahead.filter(|ahead| *ahead > DAY * 1000))
    })
    .await?;
    Ok(())
}

/// Ten wrong guesses while the clock is ahead by a month lock for a quarter of an hour and no longer.
pub async fn no_lock_outlasts_its_longest(target: &Target, clock: &ShiftedClock) -> Result<()> {
    let (client, account) = newcomer(&target.url()).await?;
    let guess = async |password: &str| {
        let body = json!({"username": account.username, "password": password});
        client.post("/auth/login", &body).await
    };
    clock.set(30 * DAY)?;
    for _ in 0..TRIES {
        let wrong = guess("a wrong password").await?;
        ensure!(wrong.status == 401, "a wrong guess: {}", wrong.body);
    }
    for shift in [30 * DAY, 0] {
        clock.set(shift)?;
        let locked = guess(&account.password).await?;
        ensure!(locked.status == 429, "not locked: {}", locked.body);
        let wait = locked.header("retry-after").context("Retry-After")?;
        ensure!(
            wait.parse::<i64>()? <= LOCK_SECONDS,
            "{wait} s to wait with the clock ahead by {shift} s"
        );
    }
    clock.set(LOCK_SECONDS + 1)?;
    done(&guess(&account.password).await?, "a login after the lock")?;
    clock.set(0)
}

async fn newcomer(url: &str) -> Result<(Client, NewAccount)> {
    let client = Client::new(url)?;
    let account = NewAccount::called("Who Has No Watch");
    client.sign_up(&account).await?;
    Ok((client, account))
}

fn done(answer: &Answer, what: &str) -> Result<()> {
    ensure!(
        answer.status == 200,
        "{what}: {} {}",
        answer.status,
        answer.body
    );
    Ok(())
}

async fn status(session: &Client, expected: u16, what: &str) -> Result<()> {
    let answer = session.get("/query/rooms").await?;
    ensure!(
        answer.status == expected,
        "{what}: a session is answered with {} and not {expected}",
        answer.status
    );
    Ok(())
}
