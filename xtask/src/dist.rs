//! `cargo xtask dist`: what others install, from one build: an archive, a Debian package, the bill of materials, sums.
//!
//! Everything lands in `packages` of the target folder. The same commit gives the same bytes: times are the commit's, owners
//! are root, and lists are sorted.

mod debian;
mod layout;
mod sbom;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use rustix::fs::Mode;

use crate::places::Places;

/// One release for one platform.
pub struct Release {
    pub version: String,
    /// As Debian names it, such as `amd64`.
    pub architecture: String,
    /// When the commit was made, in seconds since 1970.
    pub made_at: String,
    /// The stripped binary.
    pub binary: PathBuf,
    /// Where everything lands.
    pub into: PathBuf,
    /// For what is no result itself.
    pub scratch: PathBuf,
}

/// Builds the binary of a profile and makes all packages of it.
///
/// # Errors
/// The build fails, a tool is missing, or a file cannot be written.
pub fn run(places: &Places, profile: &str) -> Result<()> {
    // Folders of a package are for all to read, whatever the one who makes it is used to.
    rustix::process::umask(Mode::from_raw_mode(0o022));
    let release = prepare(places, profile)?;
    let tree = layout::make(places, &release)?;
    let archive = layout::archive(&release, &tree)?;
    let package = debian::package(places, &release, &tree)?;
    let bill = sbom::write(places, &release)?;
    let results = [archive, package, bill];
    let names: Vec<_> = results.iter().filter_map(|path| path.file_name()).collect();
    let mut sums = Command::new("sha256sum");
    sums.args(&names).current_dir(&release.into);
    fs::write(release.into.join("SHA256SUMS"), output(&mut sums)?)?;
    fs::remove_dir_all(&release.scratch)?;
    for path in results {
        let size = path.metadata()?.len();
        println!("{:>10}  {}", size, path.display());
    }
    Ok(())
}

fn prepare(places: &Places, profile: &str) -> Result<Release> {
    let mut cargo = places.cargo();
    cargo.args([
        "build",
        "--locked",
        "--package",
        "colloquy",
        "--profile",
        profile,
    ]);
    let status = cargo.status()?;
    ensure!(status.success(), "the build ended with {status}");
    // Cargo keeps what the profile `dev` builds in a folder of another name.
    let folder = if profile == "dev" { "debug" } else { profile };
    let into = places.target().join("packages");
    let scratch = into.join("scratch");
    if into.exists() {
        fs::remove_dir_all(&into)?;
    }
    fs::create_dir_all(&scratch)?;
    let binary = scratch.join("colloquy");
    let mut strip = Command::new("strip");
    output(strip.arg("-o").arg(&binary).arg(places.binary(folder)))?;
    let said = output(Command::new(&binary).arg("--version"))?;
    let version = said
        .split_whitespace()
        .last()
        .context("it has no version")?;
    let mut log = Command::new("git");
    log.args(["log", "-1", "--format=%ct"])
        .current_dir(places.repository());
    let architecture = output(Command::new("dpkg").arg("--print-architecture"))?;
    Ok(Release {
        version: version.to_owned(),
        architecture: architecture.trim().to_owned(),
        made_at: output(&mut log)?.trim().to_owned(),
        binary,
        into,
        scratch,
    })
}

/// What a tool prints.
fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .with_context(|| format!("{name} is missing"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{name} failed: {errors}");
    Ok(String::from_utf8(output.stdout)?)
}

/// Copies a file with a mode, and makes its folder.
fn install(from: &Path, to: &Path, mode: &str) -> Result<()> {
    let mut install = Command::new("install");
    install.args(["-D", "-m", mode]).args([from, to]);
    output(&mut install).map(drop)
}
