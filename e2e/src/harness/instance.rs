//! One all-in-one process of our own, with its data folder: started, killed, started again.

use std::{
    fs::{self, File},
    net::{SocketAddr, TcpListener},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::{DEADLINE, binary, watchdog::Watchdog};

const LOG_TAIL: usize = 4000;

/// What an [`Instance`] is started with.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The binary; by default the one [`binary::find`] finds.
    pub binary: Option<PathBuf>,
    /// Environment variables on top of this process's own.
    pub env: Vec<(String, String)>,
    /// Arguments behind `--data` and `--listen`.
    pub args: Vec<String>,
    /// A command put in front of the binary, for example `strace` with its arguments.
    pub wrapper: Vec<String>,
    /// Where its data folder is made; by default where temporary files are.
    pub disk: Option<PathBuf>,
}

/// A running all-in-one system. It ends when this is dropped, or when this process ends.
#[derive(Debug)]
pub struct Instance {
    options: Options,
    address: SocketAddr,
    log: PathBuf,
    // Declared in the order of their ends: first the watchdog is called off, the data goes last.
    watchdog: Option<Watchdog>,
    child: Option<Child>,
    data: TempDir,
}

impl Instance {
    /// Starts the binary on a free port of 127.0.0.1 with a fresh data folder, and waits until it is ready.
    ///
    /// # Errors
    /// There is no binary, or it did not become ready within [`DEADLINE`]; the error shows the end of its log.
    pub async fn start(options: Options) -> Result<Self> {
        let address = free_address()?;
        let mut data = tempfile::Builder::new();
        data.prefix("colloquy-e2e-");
        let data = match &options.disk {
            Some(disk) => data.tempdir_in(disk)?,
            None => data.tempdir()?,
        };
        let mut instance = Self {
            log: log_file(address)?,
            options,
            address,
            watchdog: None,
            child: None,
            data,
        };
        instance.start_again().await?;
        Ok(instance)
    }

    /// Where it is served, for example `http://127.0.0.1:40001`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The data folder; it is removed with the instance.
    #[must_use]
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// The log of every start so far; it is kept.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The process, or the wrapper around it; `None` while it is down.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// How the process ended, if it did so by itself.
    ///
    /// # Errors
    /// The operating system does not answer.
    pub fn exited(&mut self) -> Result<Option<ExitStatus>> {
        Ok(match &mut self.child {
            Some(child) => child.try_wait()?,
            None => None,
        })
    }

    /// Ends it with SIGKILL: nothing is flushed, nothing is said.
    ///
    /// # Errors
    /// The process could not be waited for.
    pub fn kill(&mut self) -> Result<()> {
        self.watchdog = None;
        if self.exited()?.is_none() && self.child.is_some() {
            self.signal("KILL")?;
        }
        if let Some(mut child) = self.child.take() {
            child.wait()?;
        }
        Ok(())
    }

    /// Sends a signal (`TERM`, `STOP`, `CONT`, …) to the process and to a wrapper around it.
    ///
    /// # Errors
    /// It is down, or there is no `kill`.
    pub fn signal(&self, name: &str) -> Result<()> {
        let pid = self.pid().context("colloquy is not running")?;
        let status = Command::new("kill")
            .args(["-s", name, "--", &format!("-{pid}")])
            .status()?;
        ensure!(status.success(), "cannot send {name} to {pid}");
        Ok(())
    }

    /// Starts it again on the same port and data, and answers how long it took until it was ready.
    ///
    /// # Errors
    /// As [`Instance::start`].
    pub async fn start_again(&mut self) -> Result<Duration> {
        self.kill()?;
        let begun = Instant::now();
        let child = self.command()?.spawn().context("cannot start colloquy")?;
        self.watchdog = Some(Watchdog::over(child.id(), self.data.path())?);
        self.child = Some(child);
        self.ready(begun + DEADLINE).await?;
        Ok(begun.elapsed())
    }

    fn command(&self) -> Result<Command> {
        let binary = match &self.options.binary {
            Some(path) => path.clone(),
            None => binary::find()?,
        };
        let mut words = self.options.wrapper.iter();
        let mut command = match words.next() {
            Some(wrapper) => {
                let mut command = Command::new(wrapper);
                command.args(words).arg(binary);
                command
            }
            None => Command::new(binary),
        };
        let log = File::options().create(true).append(true).open(&self.log)?;
        command
            .arg("--data")
            .arg(self.data.path())
            .args(["--listen", &self.address.to_string()])
            .args(&self.options.args)
            .envs(self.options.env.iter().map(|(name, value)| (name, value)))
            // A group of its own, so that a signal reaches wrapper and binary alike.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        Ok(command)
    }

    async fn ready(&mut self, end: Instant) -> Result<()> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        let url = format!("{}/readyz", self.url());
        loop {
            let asked = http.get(&url).timeout(Duration::from_secs(1)).send();
            if asked.await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            if let Some(status) = self.exited()? {
                bail!(
                    "colloquy ended ({status}) before it was ready\n{}",
                    self.tail()
                );
            }
            if Instant::now() >= end {
                bail!("colloquy was not ready in time\n{}", self.tail());
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    fn tail(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        let from = text.len().saturating_sub(LOG_TAIL);
        format!(
            "--- {}\n{}",
            self.log.display(),
            String::from_utf8_lossy(&text[from..])
        )
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

pub(super) fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?)
}

/// Logs are kept beside the test executables, so that `cargo clean` is all that ever removes them.
fn log_file(address: SocketAddr) -> Result<PathBuf> {
    let this = std::env::current_exe()?;
    let folder = this
        .parent()
        .context("this executable is in no folder")?
        .join("e2e-logs");
    fs::create_dir_all(&folder)?;
    Ok(folder.join(format!("{}-{}.log", std::process::id(), address.port())))
}
