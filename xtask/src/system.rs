//! The distributed system on the real parts: every service as a process of its own behind nginx.

mod configuration;
pub mod layout;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use layout::Process;
use rustix::process::Signal;

use crate::{
    daemon::Daemon,
    parts::{self, Part, postgres::Postgres},
    places::Places,
};

/// Longer than the services' own drain.
const STOP_GRACE: Duration = Duration::from_secs(15);

const DATABASE: &str = "chat_db";

/// Starts what is down of the parts, the services and nginx, and waits until all are ready. The
/// binary is `COLLOQUY_BIN`, or the one that cargo built; services of another one are stopped first. A release build
/// records no traces: it is what is measured.
///
/// # Errors
/// When the binary is not built, or a process does not become ready.
pub fn up(places: &Places, release: bool) -> Result<()> {
    let start = Instant::now();
    let binary = match env::var_os("COLLOQUY_BIN") {
        Some(binary) => binary.into(),
        None => places.binary(if release { "release" } else { "debug" }),
    };
    ensure!(
        binary.exists(),
        "{} is not built: run `cargo build -p colloquy{}`",
        binary.display(),
        if release { " --release" } else { "" }
    );
    parts::up(places, &Part::ALL)?;
    Postgres::new(places).ensure_database(DATABASE)?;
    if last_binary(places).is_some_and(|last| last != binary) {
        down(places)?;
    }
    prepare(places, &binary, !release)?;

    let processes = layout::processes(places);
    for process in &processes {
        if process.daemon(places).pid().is_none() {
            spawn(places, process, &binary)?;
        }
    }
    for process in &processes {
        wait_ready(places, process)?;
        say(
            process.name(),
            &format!("ready after {:.1} s", start.elapsed().as_secs_f64()),
        );
    }
    println!("open {}", public_url(places));
    Ok(())
}

/// Stops the services: SIGTERM to all, then SIGKILL to those that do not end.
///
/// # Errors
/// When a process does not end at all.
pub fn down(places: &Places) -> Result<()> {
    // The edge first, so that nothing is asked of a service that has gone.
    for process in layout::processes(places).iter().rev() {
        let start = Instant::now();
        if process.daemon(places).stop(Signal::TERM, STOP_GRACE)? {
            say(
                process.name(),
                &format!("stopped in {:.1} s", start.elapsed().as_secs_f64()),
            );
        }
    }
    Ok(())
}

/// Shows every process.
///
/// # Errors
/// When one is not ready.
pub fn status(places: &Places) -> Result<()> {
    let mut all_ready = true;
    for process in layout::processes(places) {
        let state = match process.daemon(places).pid() {
            Some(pid) if process.is_ready() => format!("ready, port {}, pid {pid}", process.port),
            Some(pid) => format!("not ready, port {}, pid {pid}", process.port),
            None => "down".to_owned(),
        };
        all_ready &= process.is_ready();
        say(process.name(), &state);
    }
    ensure!(all_ready, "not every process is ready");
    Ok(())
}

/// Kills one process, as a crash would.
///
/// # Errors
/// When no process has the name, or it does not run.
pub fn kill(places: &Places, name: &str) -> Result<()> {
    let process = find(places, name)?;
    ensure!(process.daemon(places).kill()?, "{name} does not run");
    say(name, "killed");
    Ok(())
}

/// Lets one process stand still where it is (SIGSTOP), as a machine that sleeps would.
///
/// # Errors
/// When no process has the name, or it does not run.
pub fn pause(places: &Places, name: &str) -> Result<()> {
    signal(places, name, Signal::STOP, "paused")
}

/// Lets a process that was paused go on (SIGCONT).
///
/// # Errors
/// When no process has the name, or it does not run.
pub fn resume(places: &Places, name: &str) -> Result<()> {
    signal(places, name, Signal::CONT, "goes on")
}

/// Ends one process as an upgrade does, and starts it with the binary of the last `up`.
///
/// # Errors
/// As [`start`], or when it does not end.
pub fn restart(places: &Places, name: &str) -> Result<()> {
    find(places, name)?
        .daemon(places)
        .stop(Signal::TERM, STOP_GRACE)?;
    start(places, name)
}

/// Starts one process with the binary of the last `up`, and waits until it is ready.
///
/// # Errors
/// When no process has the name, the system was never up, or it does not become ready.
pub fn start(places: &Places, name: &str) -> Result<()> {
    let process = find(places, name)?;
    let begin = Instant::now();
    let binary =
        last_binary(places).context("the system was not started yet: run `cargo xtask up`")?;
    if process.daemon(places).pid().is_none() {
        spawn(places, &process, &binary)?;
    }
    wait_ready(places, &process)?;
    say(
        name,
        &format!("ready after {:.1} s", begin.elapsed().as_secs_f64()),
    );
    Ok(())
}

/// Where a browser or a test reaches the system.
pub fn public_url(places: &Places) -> String {
    format!("http://127.0.0.1:{}", layout::public_port(places))
}

/// Where all its processes answer for their health, with commas between.
pub fn admin_addresses(places: &Places) -> String {
    let all = layout::processes(places);
    let addresses: Vec<_> = all.iter().map(Process::admin_address).collect();
    addresses.join(",")
}

fn folder(places: &Places) -> PathBuf {
    places.state("system")
}

/// Where `up` writes the settings that all processes share.
pub fn settings_file(places: &Places) -> PathBuf {
    folder(places).join("colloquy.toml")
}

/// The binary of the last `up`.
fn last_binary(places: &Places) -> Option<PathBuf> {
    let path = fs::read_to_string(folder(places).join("binary")).ok()?;
    Some(path.into())
}

fn prepare(places: &Places, binary: &Path, is_traced: bool) -> Result<()> {
    let folder = folder(places);
    fs::create_dir_all(&folder)?;
    fs::write(
        settings_file(places),
        configuration::text(places, &folder, DATABASE, is_traced),
    )?;
    fs::write(
        folder.join("plain-stores.toml"),
        configuration::plain_stores(places, DATABASE),
    )?;
    fs::write(folder.join("binary"), binary.display().to_string())?;
    // Makes what is missing, also in the folder of an older version.
    let made = colloquy(binary)
        .args(["keys", "generate", "--dir"])
        .arg(folder.join("keys"))
        .output()?;
    ensure!(
        made.status.success(),
        "the keys cannot be made: {}",
        String::from_utf8_lossy(&made.stderr)
    );
    Ok(())
}

fn spawn(places: &Places, process: &Process, binary: &Path) -> Result<()> {
    let mut command = colloquy(binary);
    command
        .args(["serve", process.service, "--config"])
        .arg(settings_file(places))
        .args(["--listen", &process.address()])
        .args(["--admin", &process.admin_address()]);
    process.daemon(places).spawn(&mut command)
}

fn wait_ready(places: &Places, process: &Process) -> Result<()> {
    process.daemon(places).wait_ready(|| process.is_ready())
}

/// The binary without the variables of this menu, which it would take for settings of its own.
fn colloquy(binary: &Path) -> Command {
    let mut command = Command::new(binary);
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if [
            "COLLOQUY_BIN",
            "COLLOQUY_PARTS",
            "COLLOQUY_TEST_",
            "COLLOQUY_E2E_",
        ]
        .iter()
        .any(|ours| name.starts_with(ours))
        {
            command.env_remove(name);
        }
    }
    command
}

fn signal(places: &Places, name: &str, signal: Signal, what: &str) -> Result<()> {
    let process = find(places, name)?;
    ensure!(process.daemon(places).signal(signal), "{name} does not run");
    say(name, what);
    Ok(())
}

fn find(places: &Places, name: &str) -> Result<Process> {
    layout::processes(places)
        .into_iter()
        .find(|process| process.name() == name)
        .with_context(|| format!("no process is named {name}; `cargo xtask status` lists them"))
}

fn say(name: &str, what: &str) {
    println!("{name:<29} {what}");
}

impl Process {
    fn daemon(&self, places: &Places) -> Daemon {
        let marker = format!("--listen {}", self.address());
        Daemon::new(folder(places), self.name(), marker, self.port)
    }
}
