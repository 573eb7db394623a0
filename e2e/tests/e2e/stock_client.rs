//! Clients that are not ours, as most pages and programs use them: each logs in, subscribes to a room and prints what is
//! pushed, one JSON line a message. Their scripts are in `e2e/clients`, each beside the packages it needs.

mod sockjs;
mod stompjs;
mod stomppy;
mod webstomp;

use std::{
    env,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use colloquy_e2e::{client::Client, harness::DEADLINE};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    sync::Mutex,
    time::timeout,
};

/// The script of a client that is running.
struct Watcher {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Watcher {
    fn start(command: &mut Command) -> Result<Self> {
        let mut process = command
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("the stock client does not start")?;
        let output = process.stdout.take().context("the client's output")?;
        let lines = BufReader::new(output).lines();
        Ok(Self { process, lines })
    }

    /// A script of Node, once its packages are there.
    async fn node(client: &str, arguments: &[&str]) -> Result<Self> {
        let folder = folder(client);
        install_node_modules(&folder, &["--omit=optional"]).await?;
        let mut node = Command::new("node");
        node.arg("watch-room.mjs").args(arguments);
        Self::start(node.current_dir(folder))
    }

    /// The next line.
    async fn next(&mut self) -> Result<Value> {
        self.next_within(DEADLINE).await
    }

    async fn next_within(&mut self, time: Duration) -> Result<Value> {
        let line = timeout(time, self.lines.next_line()).await??;
        let line = line.context("the client ended early")?;
        Ok(serde_json::from_str(&line)?)
    }

    /// Two messages are sent, and the client shows them as they are; then it ends well.
    async fn sees_two_messages(mut self, sender: &Client, room: i64) -> Result<()> {
        for (seq, text) in [(1, "hello"), (2, "xin chào 👋 \u{2028}\"\\")] {
            let sent = sender.send(room, text, None).await?;
            let pushed = self.next().await?;
            assert_eq!(pushed["headers"]["content-type"], "application/json");
            assert_eq!(pushed["body"]["messageId"], sent.message_id);
            assert_eq!(pushed["body"]["content"], text);
            assert_eq!(pushed["body"]["seq"], seq);
        }
        self.ends_well().await
    }

    async fn ends_well(mut self) -> Result<()> {
        let status = timeout(DEADLINE, self.process.wait()).await??;
        ensure!(status.success(), "the client: {status}");
        Ok(())
    }
}

fn folder(client: &str) -> PathBuf {
    // Asked for now: a target folder that several clones share may hold the binary of another one.
    let package = env::var("CARGO_MANIFEST_DIR").expect("cargo runs the tests");
    Path::new(&package).join("clients").join(client)
}

/// Several tests may want the same packages at once.
static INSTALLING: Mutex<()> = Mutex::const_new(());

/// Fetches the packages of the lock file, unless what is there is newer than it.
pub async fn install_node_modules(folder: &Path, options: &[&str]) -> Result<()> {
    let _alone = INSTALLING.lock().await;
    if is_newer(
        folder,
        "node_modules/.package-lock.json",
        "package-lock.json",
    ) {
        return Ok(());
    }
    let status = Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"])
        .args(options)
        .current_dir(folder)
        .status()
        .await
        .context("npm is needed for the stock clients")?;
    ensure!(status.success(), "npm ci: {status}");
    Ok(())
}

/// Whether one file of a folder is there and not older than another.
fn is_newer(folder: &Path, made: &str, source: &str) -> bool {
    let changed = |file: &str| folder.join(file).metadata()?.modified();
    let made = changed(made);
    made.is_ok_and(|made| changed(source).is_ok_and(|source| source <= made))
}
