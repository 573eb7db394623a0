//! Session keys are rotated without ending a session, and may be of another kind (reliability.md S10).

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use colloquy_e2e::{
    client::{Client, USER1, USER2},
    harness::{Instance, Options, binary},
};
use serde_json::Value;

fn head(client: &Client) -> Result<Value> {
    let token = client.token().context("a session")?;
    let head = token.split('.').next().unwrap_or_default();
    Ok(serde_json::from_slice(
        &BASE64_URL_SAFE_NO_PAD.decode(head)?,
    )?)
}

fn rotate(instance: &Instance) -> Result<String> {
    let output = Command::new(binary::find()?)
        .args(["keys", "rotate", "--dir"])
        .arg(instance.data().join("keys"))
        .output()?;
    ensure!(output.status.success(), "{output:?}");
    Ok(String::from_utf8(output.stdout)?)
}

#[tokio::test]
async fn s10_keys_are_rotated_and_no_session_ends() -> Result<()> {
    let mut instance = Instance::start(Options::default()).await?;
    let before = Client::new(&instance.url())?
        .login(USER1.username, USER1.password)
        .await?;
    assert_eq!(head(&before)?["kid"], "k1");
    assert_eq!(rotate(&instance)?, "k2 signs once auth is restarted\n");
    instance.start_again().await?;
    assert_eq!(before.get("/query/rooms").await?.status, 200);
    let after = before.login(USER2.username, USER2.password).await?;
    assert_eq!(head(&after)?["kid"], "k2");
    assert_eq!(after.get("/query/rooms").await?.status, 200);
    let private = |kid: &str| {
        let session = instance.data().join("keys/session");
        session.join(format!("{kid}.private.pem")).exists()
    };
    assert_eq!((private("k1"), private("k2")), (false, true));
    Ok(())
}

#[tokio::test]
async fn contract_3_tokens_of_another_kind_by_a_setting() -> Result<()> {
    for algorithm in ["EdDSA", "PS256"] {
        let setting = format!("[\"{algorithm}\"]");
        let options = Options {
            env: vec![("COLLOQUY_SESSIONS__ALGORITHMS".to_owned(), setting)],
            ..Options::default()
        };
        let instance = Instance::start(options).await?;
        let anonymous = Client::new(&instance.url())?;
        let client = anonymous.login(USER1.username, USER1.password).await?;
        assert_eq!(head(&client)?["alg"], algorithm);
        assert_eq!(client.get("/query/rooms").await?.status, 200);
    }
    Ok(())
}
