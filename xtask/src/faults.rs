//! Runs the checker on binaries that were built for it just now.

use std::{
    fs,
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
    planted_binary(places, profile, release)?;
    let packages = ["-p", "colloquy", "-p", "xtask", "-p", "colloquy-faults"];
    build(places, &[&packages, release].concat())?;
    let product = places.binary(profile);
    let status = Command::new(product.with_file_name("colloquy-faults"))
        .args(arguments)
        .env("COLLOQUY_BIN", &product)
        .status()?;
    ensure!(status.success(), "the checker ended with {status}");
    Ok(())
}

/// Cargo gives both builds one name, so this one is moved aside before the real one is built again.
///
/// # Errors
/// It cannot be built.
pub fn planted_binary(places: &Places, profile: &str, release: &[&str]) -> Result<()> {
    let planted = ["-p", "colloquy", "--features", "planted-bugs"];
    build(places, &[&planted, release].concat())?;
    let binary = places.binary(profile);
    fs::rename(&binary, binary.with_file_name("colloquy-planted"))?;
    Ok(())
}

fn build(places: &Places, arguments: &[&str]) -> Result<()> {
    let mut build = places.cargo();
    build.arg("build").args(arguments).stdin(Stdio::null());
    let status = build.status()?;
    ensure!(status.success(), "the build ended with {status}");
    Ok(())
}
