//! The real parts that the distributed system stands on, without containers: each is installed from
//! its registry into a private folder and runs on a private port of 127.0.0.1.

pub mod apt;
pub mod certificates;
pub mod kafka;
pub mod maven;
pub mod mongo;
mod nginx;
pub mod pip;
pub mod postgres;
pub mod redis;
pub mod smtp;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use clap::{Subcommand, ValueEnum};
use rustix::process::Signal;

use crate::{daemon::Daemon, places::Places, probe};

const STOP_GRACE: Duration = Duration::from_secs(20);

/// One part by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    Postgres,
    Kafka,
    Mongo,
    Redis,
    Smtp,
    Nginx,
}

#[derive(Subcommand)]
pub enum PartsVerb {
    /// Install what is missing and start what is down (all parts unless some are named)
    Up { parts: Vec<Part> },
    /// Stop what `up` started
    Down { parts: Vec<Part> },
    /// Show which parts run, and where
    Status { parts: Vec<Part> },
    /// Kill a part with SIGKILL, as a crash would
    Kill9 { part: Part },
    /// Stop, delete the data, start again
    Reset { parts: Vec<Part> },
}

/// How one part is installed, started and recognised.
trait Recipe: Send + Sync {
    /// Its process: folder, port, what its command line carries.
    fn daemon(&self) -> Daemon;

    /// Brings its distribution into place; does nothing when it is there.
    fn install(&self) -> Result<()>;

    /// Where its distribution is, if it has one of its own.
    fn distribution(&self) -> Option<&Path> {
        None
    }

    /// Prepares its state folder and says how it is started.
    fn command(&self) -> Result<Command>;

    /// Whether it answers.
    fn is_ready(&self) -> bool {
        probe::is_open(self.daemon().port())
    }

    /// What remains to be done on a part that answers.
    fn after_start(&self) -> Result<()> {
        Ok(())
    }

    /// The signal that ends it cleanly and at once.
    fn stop_signal(&self) -> Signal {
        Signal::TERM
    }
}

impl Part {
    /// All parts, in the order in which they are shown.
    pub const ALL: [Self; 6] = [
        Self::Postgres,
        Self::Kafka,
        Self::Mongo,
        Self::Redis,
        Self::Smtp,
        Self::Nginx,
    ];

    fn recipe(self, places: &Places) -> Box<dyn Recipe> {
        match self {
            Self::Postgres => Box::new(postgres::Postgres::new(places)),
            Self::Kafka => Box::new(kafka::Kafka::new(places)),
            Self::Mongo => Box::new(mongo::Mongo::new(places)),
            Self::Redis => Box::new(redis::Redis::new(places)),
            Self::Smtp => Box::new(smtp::Smtp::new(places)),
            Self::Nginx => Box::new(nginx::Nginx::new(places)),
        }
    }
}

/// Runs one verb.
///
/// # Errors
/// When a part cannot be installed, started or stopped, or `status` finds one down.
pub fn run(places: &Places, verb: PartsVerb) -> Result<()> {
    match verb {
        PartsVerb::Up { parts } => up(places, &or_all(parts)),
        PartsVerb::Down { parts } => down(places, &or_all(parts)),
        PartsVerb::Status { parts } => status(places, &or_all(parts)),
        PartsVerb::Kill9 { part } => kill(places, part),
        PartsVerb::Reset { parts } => reset(places, &or_all(parts)),
    }
}

/// Installs what is missing, one after the other, then starts what is down, all at once.
///
/// # Errors
/// When a part cannot be installed or does not come up; the others are started all the same.
pub fn up(places: &Places, parts: &[Part]) -> Result<()> {
    certificates::make(places)?;
    let recipes: Vec<_> = parts.iter().map(|part| part.recipe(places)).collect();
    for recipe in &recipes {
        let start = Instant::now();
        recipe.install()?;
        if start.elapsed() > Duration::from_millis(500) {
            say(
                recipe.daemon().name(),
                &format!("installed in {}", seconds(start)),
            );
        }
    }
    let failures: Vec<String> = thread::scope(|scope| {
        let starts: Vec<_> = recipes
            .iter()
            .map(|recipe| scope.spawn(|| start(recipe.as_ref())))
            .collect();
        starts
            .into_iter()
            .filter_map(|start| match start.join() {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(format!("{error:#}")),
                Err(_) => Some("the start of a part panicked".to_owned()),
            })
            .collect()
    });
    if failures.is_empty() {
        return Ok(());
    }
    bail!("{}", failures.join("\n"))
}

/// Installs what tests let system calls fail with, unless it is there, and tries what those tests must be allowed.
///
/// # Errors
/// As for `up`, or a right is missing.
pub fn need_faults() -> Result<()> {
    apt::need("strace", "strace")?;
    let disk = tempfile::tempdir()?;
    must_be_allowed(
        "mount a small disk",
        "CAP_SYS_ADMIN",
        Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(disk.path()),
    )?;
    let unmounted = Command::new("umount").arg(disk.path()).status()?;
    ensure!(unmounted.success(), "umount ended with {unmounted}");
    let mut traced = Command::new("sleep").arg("1").spawn()?;
    let attached = must_be_allowed(
        "attach strace to a process",
        "CAP_SYS_PTRACE",
        Command::new("strace").args(["-e", "trace=none", "-p", &traced.id().to_string()]),
    );
    traced.wait()?;
    attached
}

/// Installs the browser of the tests, unless it is there.
///
/// # Errors
/// As for `up`.
pub fn need_browser() -> Result<()> {
    apt::need("chromium", "chromium")
}

/// Installs what reads the alert rules, unless it is there.
///
/// # Errors
/// As for `up`.
pub fn need_promtool() -> Result<()> {
    apt::need("promtool", "prometheus")
}

fn must_be_allowed(what: &str, right: &str, command: &mut Command) -> Result<()> {
    let output = command.output()?;
    ensure!(
        output.status.success(),
        "tests {what}, and this user may not: be root with {right} ({})",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}

/// Stops the parts that run.
///
/// # Errors
/// When a part does not end.
pub fn down(places: &Places, parts: &[Part]) -> Result<()> {
    for part in parts.iter().rev() {
        let recipe = part.recipe(places);
        let daemon = recipe.daemon();
        let start = Instant::now();
        if daemon.stop(recipe.stop_signal(), STOP_GRACE)? {
            say(daemon.name(), &format!("stopped in {}", seconds(start)));
        }
    }
    Ok(())
}

/// Stops the parts, deletes their data (not their distributions) and starts them again.
///
/// # Errors
/// As for `down` and `up`.
pub fn reset(places: &Places, parts: &[Part]) -> Result<()> {
    down(places, parts)?;
    for part in parts {
        let folder = places.state(part.recipe(places).daemon().name());
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
    }
    up(places, parts)
}

/// Whether every part runs and answers.
pub fn are_up(places: &Places) -> bool {
    Part::ALL.iter().all(|part| {
        let recipe = part.recipe(places);
        recipe.daemon().pid().is_some() && recipe.is_ready()
    })
}

/// The folder of a part's distribution, which is brought there first if it is missing.
///
/// # Errors
/// It cannot be installed, or is none of its own: Debian's packages are everywhere.
pub fn distribution(places: &Places, part: Part) -> Result<PathBuf> {
    let recipe = part.recipe(places);
    recipe.install()?;
    let folder = recipe.distribution();
    Ok(folder.context("a part of Debian has no folder")?.to_owned())
}

/// Where a part is reached: host and port.
pub fn address(places: &Places, part: Part) -> String {
    format!("127.0.0.1:{}", port(places, part))
}

/// The port of a part.
pub fn port(places: &Places, part: Part) -> u16 {
    part.recipe(places).daemon().port()
}

/// The Maildir in which mails arrive.
pub fn mail_folder(places: &Places) -> String {
    smtp::mail_folder(places).display().to_string()
}

/// The variables by which tests find the parts.
pub fn test_environment(places: &Places) -> Vec<(&'static str, String)> {
    let address = |part| address(places, part);
    vec![
        ("COLLOQUY_TEST_POSTGRES", postgres::url(places, "app")),
        ("COLLOQUY_TEST_KAFKA", address(Part::Kafka)),
        (
            "COLLOQUY_TEST_MONGO",
            format!("mongodb://{}", address(Part::Mongo)),
        ),
        (
            "COLLOQUY_TEST_REDIS",
            format!("redis://{}", address(Part::Redis)),
        ),
        ("COLLOQUY_TEST_SMTP", address(Part::Smtp)),
        ("COLLOQUY_TEST_SMTP_DIR", mail_folder(places)),
        (
            "COLLOQUY_TEST_TLS",
            certificates::folder(places).display().to_string(),
        ),
        (
            "COLLOQUY_TEST_TLS_PASSWORD",
            certificates::PASSWORD.to_owned(),
        ),
        (
            "COLLOQUY_TEST_TLS_POSTGRES",
            postgres::tls_url(places, "app"),
        ),
        ("COLLOQUY_TEST_TLS_KAFKA", kafka::secured(places)),
        (
            "COLLOQUY_TEST_TLS_KAFKA_CERTIFIED",
            kafka::certified(places),
        ),
        ("COLLOQUY_TEST_TLS_MONGO", mongo::tls_url(places)),
        ("COLLOQUY_TEST_TLS_REDIS", redis::tls_url(places)),
        (
            "COLLOQUY_TEST_TLS_SMTP",
            smtp::starttls_port(places).to_string(),
        ),
        (
            "COLLOQUY_TEST_TLS_SMTPS",
            smtp::tls_port(places).to_string(),
        ),
    ]
}

fn start(recipe: &dyn Recipe) -> Result<()> {
    let daemon = recipe.daemon();
    if daemon.pid().is_some() && recipe.is_ready() {
        say(
            daemon.name(),
            &format!("is up already, port {}", daemon.port()),
        );
        return Ok(());
    }
    let start = Instant::now();
    if daemon.pid().is_some() {
        daemon.wait_ready(|| recipe.is_ready())?;
    } else {
        daemon.start(&mut recipe.command()?, || recipe.is_ready())?;
    }
    recipe.after_start()?;
    say(
        daemon.name(),
        &format!("up in {}, port {}", seconds(start), daemon.port()),
    );
    Ok(())
}

fn status(places: &Places, parts: &[Part]) -> Result<()> {
    let mut all_up = true;
    for part in parts {
        let recipe = part.recipe(places);
        let daemon = recipe.daemon();
        match daemon.pid() {
            Some(pid) if recipe.is_ready() => {
                say(
                    daemon.name(),
                    &format!("up, port {}, pid {pid}", daemon.port()),
                );
            }
            Some(pid) => {
                all_up = false;
                say(daemon.name(), &format!("does not answer, pid {pid}"));
            }
            None => {
                all_up = false;
                say(daemon.name(), "down");
            }
        }
    }
    if !all_up {
        bail!("not every part is up");
    }
    Ok(())
}

fn kill(places: &Places, part: Part) -> Result<()> {
    let daemon = part.recipe(places).daemon();
    let word = if daemon.kill()? {
        "killed"
    } else {
        "was not running"
    };
    say(daemon.name(), word);
    Ok(())
}

fn or_all(parts: Vec<Part>) -> Vec<Part> {
    if parts.is_empty() {
        Part::ALL.to_vec()
    } else {
        parts
    }
}

fn say(name: &str, what: &str) {
    println!("parts: {name:<9} {what}");
}

fn seconds(start: Instant) -> String {
    format!("{:.1} s", start.elapsed().as_secs_f64())
}
