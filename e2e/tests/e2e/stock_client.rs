//! A client that is not ours: `@stomp/stompjs`, as most pages use it.

use std::{path::Path, process::Stdio};

use anyhow::{Context as _, Result, ensure};
use colloquy_e2e::harness::DEADLINE;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
    time::timeout,
};

use crate::scene::scene;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/clients/stompjs");

/// Fetches the packages of the lock file, unless what is there is newer than it.
async fn install() -> Result<()> {
    let changed = |file: &str| Path::new(FOLDER).join(file).metadata()?.modified();
    let installed = changed("node_modules/.package-lock.json");
    if installed.is_ok_and(|at| changed("package-lock.json").is_ok_and(|lock| lock <= at)) {
        return Ok(());
    }
    let status = Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund"])
        .current_dir(FOLDER)
        .status()
        .await
        .context("npm is needed for the stock client")?;
    ensure!(status.success(), "npm ci: {status}");
    Ok(())
}

#[tokio::test]
async fn stock_client_stompjs_sees_the_pushed_message() -> Result<()> {
    install().await?;
    let scene = scene().await?;
    let room = scene.room().await?;
    let mut node = Command::new("node")
        .args(["watch-room.mjs", scene.url, &room.to_string(), "2"])
        .current_dir(FOLDER)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("node is needed for the stock client")?;
    let output = node.stdout.take().context("the client's output")?;
    let mut lines = BufReader::new(output).lines();
    let mut next = async || -> Result<Value> {
        let line = timeout(DEADLINE, lines.next_line()).await??;
        Ok(serde_json::from_str(
            &line.context("the client ended early")?,
        )?)
    };
    assert_eq!(next().await?, json!({"subscribed": room}));
    for (seq, text) in [(1, "hello"), (2, "xin chào 👋")] {
        let sent = scene.user1.send(room, text, None).await?;
        let pushed = next().await?;
        assert_eq!(pushed["headers"]["content-type"], "application/json");
        assert_eq!(pushed["body"]["messageId"], sent.message_id);
        assert_eq!(pushed["body"]["content"], text);
        assert_eq!(pushed["body"]["seq"], seq);
    }
    let status = timeout(DEADLINE, node.wait()).await??;
    ensure!(status.success(), "the client: {status}");
    Ok(())
}
