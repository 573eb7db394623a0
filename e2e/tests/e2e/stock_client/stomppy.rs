//! `stomp.py`, a client that is no page.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use tokio::process::Command;

use super::{Watcher, folder, is_newer};
use crate::scene::scene;

const PACKAGES: &str = "python_modules";
const COMPLETE: &str = "python_modules/.complete";

/// Fetches the packages into a folder beside the script, unless they are there.
async fn install(folder: &Path) -> Result<()> {
    if is_newer(folder, COMPLETE, "requirements.txt") {
        return Ok(());
    }
    let status = Command::new("python3")
        .args(["-m", "pip", "install", "-q", "--upgrade", "--no-deps"])
        .args(["--disable-pip-version-check", "--root-user-action=ignore"])
        .args(["--target", PACKAGES, "-r", "requirements.txt"])
        .current_dir(folder)
        .status()
        .await
        .context("python3 is needed for the stock client")?;
    ensure!(status.success(), "pip install: {status}");
    fs::write(folder.join(COMPLETE), "")?;
    Ok(())
}

#[tokio::test]
async fn contract_5_stomp_py_sees_messages() -> Result<()> {
    let folder = folder("stomppy");
    install(&folder).await?;
    let scene = scene().await?;
    let room = scene.room().await?;
    let mut python = Command::new("python3");
    python
        .args(["watch_room.py", scene.url, &room.to_string(), "2"])
        .env("PYTHONPATH", folder.join(PACKAGES))
        .current_dir(&folder);
    let mut watcher = Watcher::start(&mut python)?;
    assert_eq!(watcher.next().await?, json!({"subscribed": room}));
    watcher.sees_two_messages(&scene.user1, room).await
}
