//! Python programs from PyPI, each in a folder of its own.

use std::{path::Path, process::Command};

use anyhow::Result;

use super::{apt, maven};

/// Installs a package, and all it needs, into `folder`; does nothing when that was completed. `constraints` names a file
/// that pins what the package needs.
///
/// # Errors
/// When pip is missing and cannot be installed, or fails.
pub fn install(folder: &Path, package: &str, constraints: Option<&Path>) -> Result<()> {
    if maven::is_complete(folder) {
        return Ok(());
    }
    let has_pip = maven::run(Command::new("python3").args(["-m", "pip", "--version"])).is_ok();
    if !has_pip {
        apt::install("python3-pip")?;
    }
    // Debian's own Python asks for this option, and an older pip does not know it.
    pip_install(folder, package, constraints, &["--break-system-packages"])
        .or_else(|_| pip_install(folder, package, constraints, &[]))?;
    maven::complete(folder)
}

/// A Python that finds what was installed into `folder`.
pub fn python(folder: &Path) -> Command {
    let mut python = Command::new("python3");
    python.env("PYTHONPATH", folder);
    python
}

fn pip_install(
    folder: &Path,
    package: &str,
    constraints: Option<&Path>,
    options: &[&str],
) -> Result<()> {
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "-q", "--disable-pip-version-check"])
        .args(["--root-user-action=ignore", "--upgrade"])
        .args(options)
        .arg("--target")
        .arg(folder);
    if let Some(constraints) = constraints {
        pip.arg("--constraint").arg(constraints);
    }
    maven::run(pip.arg(package))
}
