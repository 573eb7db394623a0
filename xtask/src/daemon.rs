//! A background process that outlives the `xtask` that started it, known by its pid file.
//!
//! A pid counts as ours only while its command line carries the daemon's marker, so that a number
//! that was given to another process meanwhile is never signalled.

use std::{
    fs::{self, File},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::{probe, wait};

const START_LIMIT: Duration = Duration::from_secs(60);
const KILL_LIMIT: Duration = Duration::from_secs(10);
const LOG_LINES_SHOWN: usize = 20;

/// One background process: its files and how to recognise it.
#[derive(Clone, Debug)]
pub struct Daemon {
    folder: PathBuf,
    name: String,
    marker: String,
    port: u16,
}

impl Daemon {
    /// A process with its pid file and log in `folder`, `marker` in its command line and `port` open.
    pub fn new(folder: PathBuf, name: &str, marker: String, port: u16) -> Self {
        Self {
            folder,
            name: name.to_owned(),
            marker,
            port,
        }
    }

    /// The name, as in the menu.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where its output goes.
    pub fn log(&self) -> PathBuf {
        self.folder.join(format!("{}.log", self.name))
    }

    /// The pid, while the process runs and is ours.
    pub fn pid(&self) -> Option<i32> {
        let pid = self.recorded_pid()?;
        let ours = !is_gone(pid) && command_line(pid).contains(&self.marker);
        ours.then_some(pid)
    }

    /// Starts `command` in the background and waits until `is_ready`.
    ///
    /// # Errors
    /// When the port is taken by another process, or the daemon ends or is not ready in time; the
    /// message carries the end of its log.
    pub fn start(&self, command: &mut Command, is_ready: impl Fn() -> bool) -> Result<()> {
        self.spawn(command)?;
        self.wait_ready(is_ready)
    }

    /// Starts `command` in the background, without waiting for more than its process.
    ///
    /// # Errors
    /// When the port is taken by another process, or the command cannot be run.
    pub fn spawn(&self, command: &mut Command) -> Result<()> {
        ensure!(
            !probe::is_open(self.port),
            "port {} is in use by another process: {} cannot start",
            self.port,
            self.name
        );
        fs::create_dir_all(&self.folder)?;
        let log = self.log();
        if log.exists() {
            fs::rename(&log, log.with_extension("log.1"))?;
        }
        let output = File::create(&log)?;
        // A process group of its own, so that Ctrl-C in the terminal does not reach it.
        let child = command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("{} cannot be started", self.name))?;
        fs::write(self.pid_file(), child.id().to_string())?;
        Ok(())
    }

    /// Waits until a spawned daemon is ready.
    ///
    /// # Errors
    /// When it ends or is not ready in time; the message carries the end of its log.
    pub fn wait_ready(&self, is_ready: impl Fn() -> bool) -> Result<()> {
        let mut ready = false;
        wait::until(START_LIMIT, || {
            // A process has no command line for a moment after its start, and is not yet known as ours.
            ready = self.pid().is_some() && is_ready();
            ready || self.recorded_pid().is_none_or(is_gone)
        });
        if !ready {
            bail!(
                "{} did not come up; the end of {}:\n{}",
                self.name,
                self.log().display(),
                end_of(&self.log())
            );
        }
        Ok(())
    }

    /// Ends the process with `signal`, with SIGKILL after `grace`; says whether it was running.
    ///
    /// # Errors
    /// When the process does not end at all.
    pub fn stop(&self, signal: Signal, grace: Duration) -> Result<bool> {
        let Some(pid) = self.pid() else {
            return Ok(false);
        };
        send(pid, signal);
        if !wait::until(grace, || is_gone(pid)) {
            return self.kill();
        }
        self.forget()?;
        Ok(true)
    }

    /// Sends a signal that the process outlives; says whether it was running.
    pub fn signal(&self, signal: Signal) -> bool {
        let pid = self.pid();
        if let Some(pid) = pid {
            send(pid, signal);
        }
        pid.is_some()
    }

    /// Ends the process and its children with SIGKILL; says whether it was running.
    ///
    /// # Errors
    /// When a process does not end at all.
    pub fn kill(&self) -> Result<bool> {
        let Some(pid) = self.pid() else {
            return Ok(false);
        };
        let children = children_of(pid);
        // The parent first, so that it does not replace its children.
        send(pid, Signal::KILL);
        for child in &children {
            send(*child, Signal::KILL);
        }
        ensure!(
            wait::until(KILL_LIMIT, || is_gone(pid)
                && children.iter().all(|child| is_gone(*child))),
            "{} (pid {pid}) does not end",
            self.name
        );
        self.forget()?;
        Ok(true)
    }

    fn recorded_pid(&self) -> Option<i32> {
        let text = fs::read_to_string(self.pid_file()).ok()?;
        text.trim().parse().ok()
    }

    fn forget(&self) -> Result<()> {
        Ok(fs::remove_file(self.pid_file())?)
    }

    fn pid_file(&self) -> PathBuf {
        self.folder.join(format!("{}.pid", self.name))
    }
}

/// Whether no such process runs. A killed orphan stays a zombie until it is reaped, which may take
/// seconds in a container, so the state in /proc is looked at instead of sending signal 0. While
/// other threads of a zombie still end, it holds its ports and files.
pub fn is_gone(pid: i32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return true;
    };
    let state = stat
        .rsplit_once(") ")
        .and_then(|(_, rest)| rest.chars().next());
    let threads = fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
    matches!(state, Some('Z' | 'X') | None) && threads <= 1
}

fn command_line(pid: i32) -> String {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', " ")
}

fn children_of(pid: i32) -> Vec<i32> {
    fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))
        .unwrap_or_default()
        .split_whitespace()
        .filter_map(|child| child.parse().ok())
        .collect()
}

fn send(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        // The process may have ended meanwhile, which is what was wanted.
        let _ = kill_process(pid, signal);
    }
}

fn end_of(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n")
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    fn sleeper(folder: &Path, marker: &str) -> (Daemon, Command) {
        let mut command = Command::new("sleep");
        command.arg("600.5");
        let daemon = Daemon::new(folder.to_owned(), "sleeper", marker.to_owned(), 1);
        (daemon, command)
    }

    #[test]
    fn starts_and_stops_what_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let (daemon, mut command) = sleeper(folder.path(), "sleep 600.5");
        daemon.start(&mut command, || true).unwrap();
        let pid = daemon.pid().expect("runs");
        assert!(daemon.stop(Signal::TERM, Duration::from_secs(5)).unwrap());
        assert!(is_gone(pid));
        assert!(!daemon.stop(Signal::TERM, Duration::from_secs(5)).unwrap());
    }

    #[test]
    fn a_pid_with_another_command_line_is_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let (daemon, mut command) = sleeper(folder.path(), "sleep 600.5");
        daemon.start(&mut command, || true).unwrap();
        let (stranger, _) = sleeper(folder.path(), "some other program");
        assert!(!stranger.kill().unwrap());
        assert!(daemon.kill().unwrap());
    }

    #[test]
    fn a_busy_port_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let daemon = Daemon::new(folder.path().to_owned(), "late", String::new(), port);
        let refused = daemon.spawn(&mut Command::new("sleep")).unwrap_err();
        assert!(refused.to_string().contains("in use"), "{refused}");
    }

    #[test]
    fn a_daemon_that_dies_tells_the_end_of_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let daemon = Daemon::new(folder.path().to_owned(), "dier", "/no/such".to_owned(), 1);
        let mut command = Command::new("ls");
        command.arg("/no/such");
        let died = daemon.start(&mut command, || false).unwrap_err();
        assert!(died.to_string().contains("did not come up"), "{died}");
    }
}
