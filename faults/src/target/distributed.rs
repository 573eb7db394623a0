//! The processes that `cargo xtask up` runs on the real parts.

use std::{env, path::PathBuf, process::Stdio};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use tokio::process::Command;

use crate::{
    evidence::{Distributed, Evidence},
    plan::{Bug, Build},
};

/// Names the bug a planted binary has.
pub const PLANTED_BUG: &str = "COLLOQUY_PLANTED_BUG";
/// The real parts among the victims.
const PARTS: [&str; 4] = ["kafka", "mongo", "postgres", "redis"];

/// The distributed system.
pub struct DistributedSystem {
    xtask: PathBuf,
    settings: Settings,
    processes: Vec<String>,
    /// Every process that comes back has the same bug.
    bug: Option<String>,
}

/// What the audit needs of the settings that `xtask up` wrote.
#[derive(Deserialize)]
struct Settings {
    http: Http,
    write_store: Store,
    view_store: Views,
    event_log: Log,
}

#[derive(Deserialize)]
struct Http {
    public_url: String,
}

#[derive(Deserialize)]
struct Store {
    url: String,
}

#[derive(Deserialize)]
struct Views {
    url: String,
    database: String,
}

#[derive(Deserialize)]
struct Log {
    brokers: String,
}

impl DistributedSystem {
    pub async fn start(build: Build) -> Result<Self> {
        let xtask = beside_this("xtask")?;
        let mut up = Command::new(&xtask);
        up.arg("up");
        let mut bug = None;
        if let Build::Planted(planted) = build {
            bug = planted.map(Bug::name);
            up.env("COLLOQUY_BIN", planted_binary()?)
                .envs(bug.as_ref().map(|bug| (PLANTED_BUG, bug)));
        }
        run(&mut up).await?;
        let file = run(Command::new(&xtask).args(["status", "--settings"])).await?;
        let text =
            std::fs::read_to_string(file.trim()).context("cannot read the system's settings")?;
        let listed = run(Command::new(&xtask).arg("status")).await?;
        let processes = listed
            .lines()
            .filter_map(|line| line.split_whitespace().next())
            .map(str::to_owned)
            .collect();
        Ok(Self {
            xtask,
            settings: toml::from_str(&text)?,
            processes,
            bug,
        })
    }

    pub fn url(&self) -> String {
        self.settings.http.public_url.clone()
    }

    /// Everything but nginx, which is no process of ours, and Kafka, which is asked for by its own count.
    pub fn processes(&self) -> Vec<String> {
        self.processes
            .iter()
            .filter(|name| *name != "nginx")
            .cloned()
            .collect()
    }

    pub async fn kill(&self, victim: &str) -> Result<()> {
        let arguments: &[&str] = if PARTS.contains(&victim) {
            &["parts", "kill9", victim]
        } else {
            &["kill", victim]
        };
        run(Command::new(&self.xtask).args(arguments))
            .await
            .map(|_| ())
    }

    pub async fn revive(&self, victim: &str) -> Result<()> {
        let arguments: &[&str] = if PARTS.contains(&victim) {
            &["parts", "up", victim]
        } else {
            &["start", victim]
        };
        let mut revive = Command::new(&self.xtask);
        revive
            .args(arguments)
            .envs(self.bug.as_ref().map(|bug| (PLANTED_BUG, bug)));
        run(&mut revive).await.map(|_| ())
    }

    pub async fn evidence(&self) -> Result<Evidence> {
        let stores = Distributed {
            postgres: self.settings.write_store.url.clone(),
            kafka: self.settings.event_log.brokers.clone(),
            mongo: self.settings.view_store.url.clone(),
            mongo_database: self.settings.view_store.database.clone(),
        };
        stores.read().await
    }

    pub async fn end(self) -> Result<()> {
        run(Command::new(&self.xtask).arg("down")).await.map(|_| ())
    }
}

/// The binary that was built with `--features planted-bugs`.
pub fn planted_binary() -> Result<PathBuf> {
    match env::var_os("COLLOQUY_PLANTED_BIN") {
        Some(path) => Ok(path.into()),
        None => beside_this("colloquy-planted"),
    }
}

fn beside_this(name: &str) -> Result<PathBuf> {
    let path = env::current_exe()?.with_file_name(name);
    ensure!(path.is_file(), "{} is not built", path.display());
    Ok(path)
}

/// Runs to the end, and answers what it printed.
async fn run(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .await?;
    ensure!(
        output.status.success(),
        "{command:?} ended with {}",
        output.status
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
