//! Debian packages, installed without starting the daemons they bring.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Result, bail, ensure};

const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Finds a program on the `PATH` or in the folders of system programs.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/local/sbin".into()])
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}

/// Installs a package unless `program` is already there.
///
/// # Errors
/// The package is missing and the user is not root, or apt fails.
pub fn need(program_name: &str, package: &str) -> Result<()> {
    if program(program_name).is_some() {
        return Ok(());
    }
    install(package)
}

/// Installs a package, with one refresh of the package lists when they turn out to be stale.
///
/// # Errors
/// When the caller is not root, or apt fails.
pub fn install(package: &str) -> Result<()> {
    ensure!(
        is_root(),
        "only root can install the Debian package {package}; install it and try again"
    );
    println!("parts: installing the Debian package {package}");
    let _policy = NoDaemons::set()?;
    if apt(&["install", package]).is_ok() {
        return Ok(());
    }
    apt(&["update"])?;
    apt(&["install", package])
}

/// Whether this process runs as root.
pub fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|this| this.uid() == 0)
}

fn apt(arguments: &[&str]) -> Result<()> {
    let done = Command::new("apt-get")
        .args([
            "-y",
            "-q",
            "--no-install-recommends",
            "-o",
            "DPkg::Lock::Timeout=300",
        ])
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .output()?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        bail!("apt-get {} failed: {said}", arguments.join(" "));
    }
    Ok(())
}

/// While it lives, maintainer scripts start no daemon.
struct NoDaemons {
    is_ours: bool,
}

impl NoDaemons {
    fn set() -> Result<Self> {
        let is_ours = !Path::new(POLICY).exists();
        if is_ours {
            fs::write(POLICY, "#!/bin/sh\nexit 101\n")?;
            fs::set_permissions(POLICY, fs::Permissions::from_mode(0o755))?;
        }
        Ok(Self { is_ours })
    }
}

impl Drop for NoDaemons {
    fn drop(&mut self) {
        if self.is_ours {
            let _ = fs::remove_file(POLICY);
        }
    }
}
