//! The client library in TypeScript: its types, its lint and its own tests. With a real server it is tested by `e2e`.

use std::process::{Command, Stdio};

use anyhow::{Result, ensure};

use crate::places::Places;

const FOLDER: &str = "clients/typescript";

/// Installs the packages of the lock file, and checks and tests the library.
///
/// # Errors
/// npm is missing, or something is not as it should be.
pub fn run(places: &Places) -> Result<()> {
    npm(
        places,
        &["ci", "--no-audit", "--no-fund", "--ignore-scripts"],
    )?;
    npm(places, &["run", "--silent", "check"])?;
    npm(places, &["test", "--silent", "--", "--project", "unit"])
}

fn npm(places: &Places, arguments: &[&str]) -> Result<()> {
    let status = Command::new("npm")
        .args(arguments)
        .current_dir(places.repository().join(FOLDER))
        .stdin(Stdio::null())
        .status()?;
    ensure!(status.success(), "npm {}: {status}", arguments.join(" "));
    Ok(())
}
