//! The packages in TypeScript (the client library, the page): their types, their lint and their own tests. With a real server
//! the library is tested by `e2e`.

use std::process::{Command, Stdio};

use anyhow::{Result, ensure};

use crate::places::Places;

/// Installs the packages of the lock file, and checks and tests each package of the workspace.
///
/// # Errors
/// npm is missing, or something is not as it should be.
pub fn run(places: &Places) -> Result<()> {
    npm(places, &["ci"])?;
    npm(places, &["run", "--silent", "check"])?;
    npm(places, &["run", "--silent", "test"])
}

fn npm(places: &Places, arguments: &[&str]) -> Result<()> {
    let status = Command::new("npm")
        .args(arguments)
        .current_dir(places.repository())
        .stdin(Stdio::null())
        .status()?;
    ensure!(status.success(), "npm {}: {status}", arguments.join(" "));
    Ok(())
}
