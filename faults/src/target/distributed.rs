//! The processes that `cargo xtask up` runs on the real parts.

use std::{collections::BTreeMap, env, fs, path::PathBuf, process::Stdio};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use tokio::process::Command;

use crate::{
    evidence::Distributed,
    plan::{Bug, Build},
};

/// Names the bug a planted binary has.
pub const PLANTED_BUG: &str = "COLLOQUY_PLANTED_BUG";
/// The real parts among the victims.
const PARTS: [&str; 4] = ["kafka", "mongo", "postgres", "redis"];

/// The distributed system.
pub struct DistributedSystem {
    xtask: PathBuf,
    /// Where settings, logs and the numbers of processes are.
    folder: PathBuf,
    settings: Settings,
    stores: Stores,
    /// Every process and the port it serves.
    processes: BTreeMap<String, u16>,
    build: Build,
    /// Every process that comes back has the same bug.
    bug: Option<String>,
}

/// What the audit needs of the settings that `xtask up` wrote.
#[derive(Deserialize)]
struct Settings {
    http: Http,
}

/// The stores of the system by their plain ports, as `xtask up` wrote them: the services come by others.
#[derive(Deserialize)]
struct Stores {
    write_store: Store,
    view_store: Views,
    event_log: Log,
    expiring_store: Store,
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
        let file = PathBuf::from(file.trim());
        let text = fs::read_to_string(&file).context("cannot read the system's settings")?;
        let stores = fs::read_to_string(file.with_file_name("plain-stores.toml"))
            .context("cannot read where the system's stores are")?;
        let listed = run(Command::new(&xtask).arg("status")).await?;
        Ok(Self {
            folder: file.parent().context("a file is in a folder")?.to_owned(),
            xtask,
            settings: toml::from_str(&text)?,
            stores: toml::from_str(&stores)?,
            processes: listed.lines().filter_map(name_and_port).collect(),
            build,
            bug,
        })
    }

    pub fn url(&self) -> String {
        self.settings.http.public_url.clone()
    }

    /// Everything but nginx, which is no process of ours, and Kafka, which is asked for by its own count.
    pub fn processes(&self) -> Vec<String> {
        self.processes
            .keys()
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
        self.revive_with(victim, &[]).await
    }

    /// Starts it again in another environment than it had.
    pub async fn revive_with(&self, victim: &str, environment: &[(&str, &str)]) -> Result<()> {
        let arguments: &[&str] = if PARTS.contains(&victim) {
            &["parts", "up", victim]
        } else {
            &["start", victim]
        };
        let mut revive = Command::new(&self.xtask);
        revive
            .args(arguments)
            .envs(self.bug.as_ref().map(|bug| (PLANTED_BUG, bug)))
            .envs(environment.iter().copied());
        run(&mut revive).await.map(|_| ())
    }

    /// Lets a process stand still where it is.
    pub async fn pause(&self, process: &str) -> Result<()> {
        let mut pause = Command::new(&self.xtask);
        run(pause.args(["pause", process])).await.map(|_| ())
    }

    /// Lets a paused process go on.
    pub async fn resume(&self, process: &str) -> Result<()> {
        let mut resume = Command::new(&self.xtask);
        run(resume.args(["resume", process])).await.map(|_| ())
    }

    /// Everything that a process has logged since its start.
    pub fn log(&self, process: &str) -> Result<String> {
        let bytes = fs::read(self.folder.join(format!("{process}.log")))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    pub fn pid(&self, process: &str) -> Result<u32> {
        let text = fs::read_to_string(self.folder.join(format!("{process}.pid")))?;
        Ok(text.trim().parse()?)
    }

    /// Where one process is reached without nginx.
    pub fn url_of(&self, process: &str) -> Result<String> {
        let port = self.processes.get(process).context("no such process")?;
        Ok(format!("http://127.0.0.1:{port}"))
    }

    pub fn redis(&self) -> &str {
        &self.stores.expiring_store.url
    }

    pub fn stores(&self) -> Distributed {
        Distributed {
            postgres: self.stores.write_store.url.clone(),
            kafka: self.stores.event_log.brokers.clone(),
            mongo: self.stores.view_store.url.clone(),
            mongo_database: self.stores.view_store.database.clone(),
        }
    }

    /// Leaves the product up for the next run, and stops a system with planted bugs.
    pub async fn end(self) -> Result<()> {
        match self.build {
            Build::Product => Ok(()),
            Build::Planted(_) => stop().await,
        }
    }
}

/// Stops the processes, if there are any; the parts stay up.
///
/// # Errors
/// One does not end.
pub async fn stop() -> Result<()> {
    let mut down = Command::new(beside_this("xtask")?);
    run(down.arg("down")).await.map(|_| ())
}

/// Stops the processes and empties every part. The stand-in for MongoDB looks through whole collections, so what earlier
/// runs left there slows the next one down.
///
/// # Errors
/// One does not end, or a part does not come back.
pub async fn afresh() -> Result<()> {
    stop().await?;
    let mut reset = Command::new(beside_this("xtask")?);
    run(reset.args(["parts", "reset"])).await.map(|_| ())
}

/// Of a line of `xtask status`, such as `auth-service-1   ready, port 21083, pid 7`.
fn name_and_port(line: &str) -> Option<(String, u16)> {
    let mut words = line.split_whitespace();
    let name = words.next()?;
    let port = words.skip_while(|word| *word != "port").nth(1)?;
    let port = port.trim_end_matches(',').parse().ok()?;
    Some((name.to_owned(), port))
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
