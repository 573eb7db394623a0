//! Thousands of calls, made up by Schemathesis from the OpenAPI document, against an all-in-one system of this step's
//! own: no answer may be a server's error, undocumented or of another shape, and no route may forget who may call.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;

use crate::{daemon::Daemon, parts::pip, places::Places, probe};

const VERSION: &str = "4.32.5";
const CONSTRAINTS: &str = "xtask/src/test/schemathesis.constraints.txt";
const CONFIGURATION: &str = "xtask/src/test/schemathesis.toml";
/// Fewer calls prove too little.
const LEAST_CASES: u32 = 5_000;
const STOP_GRACE: Duration = Duration::from_secs(20);

/// Limits that made-up calls would run into, and real clients do not.
const LIMITS: [(&str, &str); 7] = [
    ("COLLOQUY_ACCOUNTS__SIGN_UPS_PER_HOUR", "1000000"),
    ("COLLOQUY_ACCOUNTS__RESETS_PER_HOUR", "1000000"),
    ("COLLOQUY_ACCOUNTS__CONFIRMS_PER_HOUR", "1000000"),
    ("COLLOQUY_ACCOUNTS__SEARCHES_PER_MINUTE", "1000000"),
    ("COLLOQUY_ACCOUNTS__PHONE_SEARCHES_PER_DAY", "1000000"),
    ("COLLOQUY_GUESSES__PER_ACCOUNT", "1000000"),
    ("COLLOQUY_GUESSES__PER_ADDRESS", "1000000"),
];

/// Installs Schemathesis where it is missing, and lets it loose on a fresh system.
///
/// # Errors
/// When a check failed, there were too few calls, or no link of the document was followed.
pub fn run(places: &Places) -> Result<()> {
    let distribution = places.distribution(&format!("schemathesis-{VERSION}"));
    let package = format!("schemathesis=={VERSION}");
    let constraints = places.repository().join(CONSTRAINTS);
    pip::install(&distribution, &package, Some(&constraints))?;
    let folder = places.state("schemathesis");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let system = start(places, &folder)?;
    let outcome = call(
        pip::python(&distribution)
            .current_dir(&folder)
            .args(["-m", "schemathesis.cli", "--no-color", "--config-file"])
            .arg(places.repository().join(CONFIGURATION))
            .args(["run", "--checks", "all"])
            .arg(format!("http://127.0.0.1:{}/openapi.json", system.port())),
    );
    system.stop(Signal::TERM, STOP_GRACE)?;
    outcome
}

fn start(places: &Places, folder: &Path) -> Result<Daemon> {
    let data: PathBuf = folder.join("data");
    let port = places.port(7180);
    let marker = data.display().to_string();
    let daemon = Daemon::new(folder.to_owned(), "colloquy", marker, port);
    let mut command = Command::new(places.binary("debug"));
    command
        .arg("--data")
        .arg(&data)
        .args(["--listen", &format!("127.0.0.1:{port}")])
        .env("COLLOQUY_LOG__FILTER", "warn")
        .envs(LIMITS);
    daemon.start(&mut command, || probe::is_ok(port, "/readyz"))?;
    Ok(daemon)
}

/// Shows what Schemathesis prints, and judges its sums.
fn call(command: &mut Command) -> Result<()> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("python3 cannot be run")?;
    let output = child.stdout.take().context("the output is piped")?;
    let mut summary = Summary::default();
    for line in BufReader::new(output).lines() {
        let line = line?;
        println!("{line}");
        summary.read(&line);
    }
    let status = child.wait()?;
    ensure!(status.success(), "Schemathesis found something: {status}");
    summary.judge()
}

/// What Schemathesis says of a run.
#[derive(Debug, Default, PartialEq, Eq)]
struct Summary {
    cases: u32,
    links: u32,
}

impl Summary {
    /// Takes in a line such as `5678 generated, 5678 passed` or `API Links: 9 covered / …`; others say nothing.
    fn read(&mut self, line: &str) {
        let line = line.trim();
        let number = |text: &str, word: &str| -> Option<u32> {
            text.split_once(word)?.0.trim().parse().ok()
        };
        if let Some(cases) = number(line, " generated") {
            self.cases = cases;
        }
        if let Some(links) = line.strip_prefix("API Links:") {
            self.links = number(links, " covered").unwrap_or_default();
        }
    }

    fn judge(&self) -> Result<()> {
        let Self { cases, links } = self;
        ensure!(
            *cases >= LEAST_CASES,
            "{cases} calls were made, wanted at least {LEAST_CASES}"
        );
        ensure!(*links > 0, "no link of the document was followed");
        println!("{cases} calls, {links} links followed");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(lines: &[&str]) -> Summary {
        let mut summary = Summary::default();
        for line in lines {
            summary.read(line);
        }
        summary
    }

    #[test]
    fn contract_3_documents_the_sums_of_schemathesis_are_read() {
        let read = summary(&[
            "    API Links:    7 covered / 9 selected / 9 total (2 inferred)",
            "Test cases:",
            "  9769 generated, 2 found 2 unique failures",
        ]);
        assert_eq!(
            read,
            Summary {
                cases: 9769,
                links: 7
            }
        );
        assert!(read.judge().is_ok());
    }

    #[test]
    fn contract_3_documents_too_few_calls_or_no_followed_link_fail_the_step() {
        assert!(
            summary(&["API Links: 7 covered", "4999 generated"])
                .judge()
                .is_err()
        );
        assert!(
            summary(&["API Links: 0 covered", "5000 generated"])
                .judge()
                .is_err()
        );
        assert!(summary(&["5000 generated"]).judge().is_err());
    }
}
