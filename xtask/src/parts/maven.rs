//! Java programs from Maven Central: a pom becomes a folder of jars.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Result, bail, ensure};

use super::apt;

/// Written last, so that an interrupted download is done again.
const COMPLETE: &str = "complete";

/// Whether a distribution was completed.
pub fn is_complete(folder: &Path) -> bool {
    folder.join(COMPLETE).exists()
}

/// Marks a distribution as completed.
///
/// # Errors
/// When the mark cannot be written.
pub fn complete(folder: &Path) -> Result<()> {
    Ok(fs::write(folder.join(COMPLETE), "")?)
}

/// Copies the jars that `pom` names, and all they need, to `folder/lib`.
///
/// # Errors
/// When Maven is missing and cannot be installed, or fails.
pub fn fetch(folder: &Path, pom: &str) -> Result<()> {
    apt::need("mvn", "maven")?;
    let jars = folder.join("lib");
    if jars.exists() {
        fs::remove_dir_all(&jars)?;
    }
    fs::create_dir_all(folder)?;
    fs::write(folder.join("pom.xml"), pom)?;
    run(Command::new("mvn")
        .current_dir(folder)
        .args(["-q", "-B", "-ntp", "dependency:copy-dependencies"])
        .args(["-DoutputDirectory=lib", "-DincludeScope=runtime"]))?;
    ensure!(jars.is_dir(), "maven copied no jars to {}", jars.display());
    Ok(())
}

/// A `java` with a small start-up time and the jars of `folder` on its class path.
pub fn java(folder: &Path, heap: &str) -> Command {
    let mut java = Command::new("java");
    java.arg(format!("-Xmx{heap}"))
        .args([
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Djava.awt.headless=true",
            "-cp",
        ])
        .arg(format!("{0}/classes:{0}/lib/*", folder.display()));
    java
}

/// Runs a command to its end without input.
///
/// # Errors
/// When it fails; the message carries what it said.
pub fn run(command: &mut Command) -> Result<()> {
    let done = command.stdin(Stdio::null()).output()?;
    if !done.status.success() {
        bail!(
            "{} failed: {}{}",
            command.get_program().display(),
            String::from_utf8_lossy(&done.stdout),
            String::from_utf8_lossy(&done.stderr)
        );
    }
    Ok(())
}
