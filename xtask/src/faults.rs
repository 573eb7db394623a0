//! Runs the checker on binaries that were built for it just now.

use std::{
    ffi::OsStr,
    fs,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Result, ensure};

use crate::places::Places;

/// Builds the product, the product with planted bugs, the menu and the checker, and runs the checker.
///
/// # Errors
/// Something cannot be built, or the checker found something.
pub fn run(places: &Places, is_release: bool, arguments: &[String]) -> Result<()> {
    let (profile, release): (_, &[&str]) = if is_release {
        ("release", &["--release"])
    } else {
        ("debug", &[])
    };
    let product = places.binary(profile);
    let planted = ["build", "-p", "colloquy", "--features", "planted-bugs"];
    cargo(places, &[&planted, release].concat())?;
    keep_planted(&product)?;
    let packages = [
        "build",
        "-p",
        "colloquy",
        "-p",
        "xtask",
        "-p",
        "colloquy-faults",
    ];
    cargo(places, &[&packages, release].concat())?;
    check(&product, arguments)
}

/// Runs the checker that the suites were built with.
///
/// # Errors
/// The checker found something.
pub fn check(product: &Path, arguments: &[impl AsRef<OsStr>]) -> Result<()> {
    let status = Command::new(product.with_file_name("colloquy-faults"))
        .args(arguments)
        .env("COLLOQUY_BIN", product)
        .stdin(Stdio::null())
        .status()?;
    ensure!(status.success(), "the checker ended with {status}");
    Ok(())
}

/// Cargo gives both builds one name, so the one with planted bugs is moved aside before the real one is built again.
fn keep_planted(product: &Path) -> Result<()> {
    fs::rename(product, product.with_file_name("colloquy-planted"))?;
    Ok(())
}

/// Both builds with the features of the whole workspace and its tests, as the suites have them: cargo compiles a
/// dependency again for other features.
///
/// # Errors
/// One cannot be built.
pub fn binaries_of_suites(places: &Places) -> Result<()> {
    let target = ["test", "--workspace", "--no-run", "--test", "planted_bugs"];
    cargo(
        places,
        &[&target[..], &["--features", "colloquy/planted-bugs"]].concat(),
    )?;
    keep_planted(&places.binary("debug"))?;
    cargo(places, &target)
}

fn cargo(places: &Places, arguments: &[&str]) -> Result<()> {
    let mut cargo = places.cargo();
    let status = cargo.args(arguments).stdin(Stdio::null()).status()?;
    ensure!(status.success(), "the build ended with {status}");
    Ok(())
}
