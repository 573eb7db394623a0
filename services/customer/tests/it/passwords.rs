//! The endpoints of passwords, over the router.

mod change;
mod code_mails;
mod confirm;
mod initiate;
mod proof;
mod rehash;
mod resend;
mod reset;
mod session_endings;
mod single_use;
mod strangers;

use serde_json::{Value, json};

use crate::system::{Answer, BROWSER, Client, System};

pub const USER1_EMAIL: &str = "user1@example.com";
pub const NEW: &str = "correct horse";

fn change_body(current: &str, new: &str) -> Value {
    json!({"currentPassword": current, "newPassword": new})
}

pub async fn change(system: &System, current: &str, new: &str) -> Answer {
    let body = change_body(current, new);
    crate::system::USER1.post(system, "/changePass", body).await
}

pub async fn initiate(system: &System, email: &str) -> Answer {
    let body = json!({"email": email});
    BROWSER.post(system, "/forgetPass/initiate", body).await
}

async fn resend(system: &System, email: &str) -> Answer {
    let body = json!({"email": email});
    BROWSER.post(system, "/forgetPass/resend", body).await
}

async fn confirm(system: &System, email: &str, code: &str) -> Answer {
    let body = json!({"email": email, "otpCode": code});
    BROWSER.post(system, "/forgetPass/confirm", body).await
}

/// Asks for a code, confirms it, and answers the ticket.
async fn confirmed(system: &mut System, email: &str) -> String {
    initiate(system, email).await.assert_done();
    let code = system.mailed_code().await;
    let answer = confirm(system, email, &code).await.assert_done();
    answer.body["data"]["resetTicket"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn reset(system: &System, client: &Client, email: &str, ticket: Option<&str>) -> Answer {
    let body = json!({"email": email, "newPassword": NEW, "resetTicket": ticket});
    client.post(system, "/forgetPass/reset", body).await
}

/// Moves the time of everything that counts intervals.
async fn pass_seconds(seconds: u64) {
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(seconds)).await;
    tokio::time::resume();
}
