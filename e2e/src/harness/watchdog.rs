//! Ends a child when this process is gone, however it went.
//!
//! A static is never dropped, and a killed process drops nothing, so `Drop` alone would leave children behind. The
//! parent-death signal of Linux would need unsafe code, and follows the *thread* that spawned, which in a test binary
//! ends with its test. A pipe needs neither: when this process ends its write end closes, and a small shell that was
//! waiting on the read end wakes up and cleans up.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result};

const SCRIPT: &str = r#"cat; kill -s KILL -- "-$1" 2>/dev/null; rm -rf -- "$2""#;

/// Waits beside a child; dropping it calls it off.
#[derive(Debug)]
pub struct Watchdog(Child);

impl Watchdog {
    /// Kills the process group `pid` and removes `folder` as soon as this process has ended.
    ///
    /// # Errors
    /// There is no `sh`.
    pub fn over(pid: u32, folder: &Path) -> Result<Self> {
        Command::new("sh")
            .args(["-c", SCRIPT, "watchdog"])
            .arg(pid.to_string())
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map(Self)
            .context("cannot start the watchdog's shell")
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};

    use super::*;

    fn sleeper() -> Child {
        let mut command = Command::new("sleep");
        command.arg("600").process_group(0).spawn().unwrap()
    }

    #[test]
    fn the_child_and_its_folder_go_with_this_process() {
        let folder = tempfile::tempdir().unwrap();
        let mut child = sleeper();
        let mut watchdog = Watchdog::over(child.id(), folder.path()).unwrap();
        // What the operating system does when a process ends: its end of the pipe is closed.
        drop(watchdog.0.stdin.take());
        assert_eq!(child.wait().unwrap().signal(), Some(9));
        assert!(watchdog.0.wait().unwrap().success());
        assert!(!folder.path().exists());
    }

    #[test]
    fn a_watchdog_that_was_called_off_touches_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut child = sleeper();
        drop(Watchdog::over(child.id(), folder.path()).unwrap());
        assert_eq!(child.try_wait().unwrap(), None);
        assert!(folder.path().exists());
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(9));
    }
}
