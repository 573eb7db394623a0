//! A process of its own that serves Docker's interface, and ends all containers when the `xtask` that started it ends: also
//! after Ctrl-C or a kill, which drop nothing.

use std::{
    fs::{self, File},
    io,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result};

use super::engine;

/// The verb of the menu that becomes this process.
pub const VERB: &str = "containers-guard";

/// Starts this program once more as the guard of the engine in `folder`. It stays until the pipe to its input is closed.
///
/// # Errors
/// It does not start.
pub fn spawn(folder: &Path) -> Result<Child> {
    let log = File::create(folder.join("guard.log"))?;
    Command::new(std::env::current_exe()?)
        .arg(VERB)
        .arg(folder)
        // Out of the reach of Ctrl-C, which ends all processes of the terminal's group.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .context("the guard of the containers does not start")
}

/// What the guard does.
///
/// # Errors
/// podman cannot be started.
pub fn run(folder: &Path) -> Result<()> {
    let socket = engine::socket(folder);
    if socket.exists() {
        fs::remove_file(&socket)?;
    }
    let mut service = engine::podman(folder)
        .args(["system", "service", "--time=0"])
        .arg(format!("unix://{}", socket.display()))
        .stdin(Stdio::null())
        .spawn()?;
    io::copy(&mut io::stdin().lock(), &mut io::sink())?;
    // First, so that no docker-compose that is still running can start more.
    service.kill()?;
    service.wait()?;
    end_all(folder);
    Ok(())
}

/// Removes containers, volumes and networks, and what a build left; images stay. What cannot be removed is in the log.
pub fn end_all(folder: &Path) {
    for arguments in [
        &["rm", "--all", "--force", "--time", "2"][..],
        &["volume", "prune", "--force"],
        &["network", "prune", "--force"],
    ] {
        let _ = engine::podman(folder).args(arguments).status();
    }
    let _ = engine::command("buildah", folder)
        .args(["rm", "--all"])
        .status();
}
