//! Processes that end with the test, and commands that run to their end.

use std::{
    fs::{self, File},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use colloquy_e2e::harness::watchdog::Watchdog;

/// A process that runs until this is dropped, or until the process of the tests has ended.
pub struct Process {
    child: Child,
    log: PathBuf,
    _watchdog: Watchdog,
}

impl Process {
    /// Starts it; what it says goes into the log.
    pub fn start(command: &mut Command, folder: &Path, log: &str) -> Result<Self> {
        let log = folder.join(log);
        let file = File::create(&log)?;
        command
            // A group of its own, so that a signal reaches what it starts as well.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file);
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {command:?}"))?;
        Ok(Self {
            _watchdog: Watchdog::over(child.id(), folder)?,
            child,
            log,
        })
    }

    /// An error with its log, if it has ended.
    pub fn is_alive(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            let said = fs::read(&self.log)?;
            let said = String::from_utf8_lossy(&said);
            anyhow::bail!("{} ended ({status}):\n{said}", self.log.display());
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill")
            .args(["-s", "KILL", "--", &group])
            .stderr(Stdio::null())
            .status();
        let _ = self.child.wait();
    }
}

/// Runs a command to its end, and answers what it printed.
pub async fn run(command: Command) -> Result<String> {
    let mut command = tokio::process::Command::from(command);
    let output = command.stdin(Stdio::null()).output().await?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{command:?} ended with {}:\n{said}{errors}",
        output.status
    );
    Ok(said)
}
