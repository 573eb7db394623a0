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

const SCRIPT: &str = r#"cat; kill -KILL "$1" 2>/dev/null; rm -rf -- "$2""#;

/// Waits beside a child; dropping it calls it off.
#[derive(Debug)]
pub struct Watchdog(Child);

impl Watchdog {
    /// Kills `pid` and removes `folder` as soon as this process has ended.
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
