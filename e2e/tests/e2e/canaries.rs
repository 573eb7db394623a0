//! Secrets reach no log, not even at trace level (reliability.md S23): canaries go through everything, then the log is read.

use anyhow::{Context as _, Result};
use colloquy_e2e::{
    client::{Client, NewAccount, Socket, USER2},
    harness::{Instance, Mailbox, Options},
};
use serde_json::json;

const TEXT: &str = "canary-text-in-a-message";
const WRONG: &str = "canary-wrong-password";
const NEW: &str = "canary-new-password";
const LAST: &str = "canary-last-password";

fn canary() -> NewAccount {
    NewAccount {
        username: "canary".to_owned(),
        password: "canary-first-password".to_owned(),
        full_name: "A Person".to_owned(),
        email: "canary-mail@example.com".to_owned(),
        phone_number: "5550123987".to_owned(),
    }
}

/// Goes through everything, and answers what no log may hold.
async fn live(url: &str, account: &NewAccount) -> Result<Vec<String>> {
    let anonymous = Client::new(url)?;
    anonymous.sign_up(account).await?;
    assert!(anonymous.sign_up(account).await.is_err(), "taken");
    let wrong = json!({"username": account.username, "password": WRONG});
    assert_eq!(anonymous.post("/auth/login", &wrong).await?.status, 401);
    let client = anonymous
        .login(&account.username, &account.password)
        .await?;
    let changed = json!({"currentPassword": account.password, "newPassword": NEW});
    assert_eq!(
        client.post("/customer/changePass", &changed).await?.status,
        200
    );

    let room = client.create_room("A room", &[USER2.id]).await?;
    let token = client.token().context("a session")?.to_owned();
    let mut socket = Socket::connect(url, &token).await?;
    let subscription = socket.subscribe_room(room).await?;
    client.send(room, TEXT, None).await?;
    socket.next_message(&subscription).await?;
    let search = format!("/customer/info/phoneNumber/{}", account.phone_number);
    assert_eq!(client.get(&search).await?.status, 200);

    let email = json!({"email": account.email});
    assert_eq!(
        anonymous
            .post("/customer/forgetPass/initiate", &email)
            .await?
            .status,
        200
    );
    let code = Mailbox::Page(url.to_owned())
        .code_in(1, &account.email)
        .await?;
    let confirm = json!({"email": account.email, "otpCode": code});
    let confirmed = anonymous
        .post("/customer/forgetPass/confirm", &confirm)
        .await?;
    let ticket = confirmed.data()["resetTicket"]
        .as_str()
        .context("a ticket")?;
    let reset = json!({"email": account.email, "newPassword": LAST, "resetTicket": ticket});
    assert_eq!(
        anonymous
            .post("/customer/forgetPass/reset", &reset)
            .await?
            .status,
        200
    );
    assert_eq!(client.get("/query/rooms").await?.status, 401);
    let signature = token.rsplit('.').next().unwrap_or_default().to_owned();
    Ok(vec![code, ticket.to_owned(), signature, token])
}

#[tokio::test]
async fn s23_no_secret_is_in_a_log_at_trace_level() -> Result<()> {
    let options = Options {
        env: vec![("COLLOQUY_LOG__FILTER".to_owned(), "trace".to_owned())],
        ..Options::default()
    };
    let mut instance = Instance::start(options).await?;
    let account = canary();
    let mut secrets = live(&instance.url(), &account).await?;
    secrets.extend([TEXT, WRONG, NEW, LAST].map(str::to_owned));
    secrets.extend([account.password, account.email, account.phone_number]);
    instance.kill()?;
    let log = std::fs::read_to_string(instance.log())?;
    assert!(
        log.contains("TRACE") && log.contains("DEBUG"),
        "a log at trace level"
    );
    for secret in secrets {
        let at = log.lines().find(|line| line.contains(&secret));
        assert_eq!(at, None, "{secret} is in the log");
    }
    Ok(())
}
