//! The one test command: every check and every test, one step after the other.

mod compose_files;
mod npm_packages;
mod schemathesis;
pub mod steps;
mod tally;

use std::{
    io::{BufRead, BufReader},
    process::{ExitCode, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use steps::{Action, Environment, Step};
use tally::Red;
pub use tally::Tally;

use crate::{
    faults, mutants,
    parts::{self, Part},
    places::Places,
    system, tidy,
};

/// How much of the table is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// What needs no part.
    Quick,
    /// What CI runs.
    Ci,
    /// Also what takes longer than CI has.
    Full,
}

/// A step that was done, or failed.
struct Done {
    name: &'static str,
    took: Duration,
    passed: bool,
    tally: Option<Tally>,
}

/// Runs the steps up to the first that fails, prints their times, and ends with one line of sums.
/// What the run started is stopped in any case.
pub fn run(places: &Places, extent: Extent) -> ExitCode {
    let mut done = Vec::new();
    let outcome = match extent {
        Extent::Quick => run_steps(places, steps::quick(), &mut done),
        Extent::Ci => run_with_parts(places, steps::of_ci(places), &mut done),
        Extent::Full => run_with_parts(places, steps::full(places), &mut done),
    };
    // Before the summary, whose sums are the last line in any case.
    let code = match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    };
    summarise(&done);
    code
}

fn run_with_parts(places: &Places, steps: Vec<Step>, done: &mut Vec<Done>) -> Result<()> {
    let were_up = parts::are_up(places);
    let outcome = run_steps(places, steps, done);
    outcome.and(stop(places, were_up))
}

fn run_steps(places: &Places, steps: Vec<Step>, done: &mut Vec<Done>) -> Result<()> {
    for step in steps {
        println!("\n== {}", step.name);
        let start = Instant::now();
        let outcome = perform(places, &step.action, done);
        let took = start.elapsed();
        let tally = match &outcome {
            Ok(tally) => *tally,
            Err(error) => error.downcast_ref::<Red>().map(|red| red.0),
        };
        done.push(Done {
            name: step.name,
            took,
            passed: outcome.is_ok(),
            tally,
        });
        outcome.with_context(|| format!("step `{}` failed after {}", step.name, clock(took)))?;
    }
    Ok(())
}

fn perform(places: &Places, action: &Action, done: &[Done]) -> Result<Option<Tally>> {
    match action {
        Action::Suite(arguments, environment) => {
            return suite(places, arguments, environment).map(Some);
        }
        Action::Cargo(arguments) => {
            let status = places
                .cargo()
                .args(arguments)
                .stdin(Stdio::null())
                .status()?;
            ensure!(
                status.success(),
                "cargo {} ended with {status}",
                arguments.join(" ")
            );
        }
        Action::PlantedBinary => faults::binaries_of_suites(places)?,
        Action::Checker(suite) => faults::check(&places.binary("debug"), &[suite])?,
        Action::Mutants => mutants::run(places, "")?,
        Action::Tidy => tidy::run(places)?,
        Action::PartsReset => {
            system::down(places)?;
            parts::need_faults()?;
            parts::need_browser()?;
            parts::need_promtool()?;
            parts::reset(places, &Part::ALL)?;
        }
        Action::NpmPackages => npm_packages::run(places)?,
        Action::ComposeFiles => compose_files::run(places)?,
        Action::Schemathesis => schemathesis::run(places)?,
        Action::SystemUp => system::up(places, false)?,
        Action::SystemDown => system::down(places)?,
        Action::SameCount(one, other) => same_count(done, one, other)?,
    }
    Ok(None)
}

/// Runs `cargo test`, shows what it prints and counts what it says.
///
/// # Errors
/// A test failed or was skipped, or there was none.
pub fn suite(places: &Places, arguments: &[&str], environment: &Environment) -> Result<Tally> {
    let mut child = places
        .cargo()
        .arg("test")
        .args(arguments)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let output = child.stdout.take().context("the output is piped")?;
    let mut tally = Tally::default();
    for line in BufReader::new(output).lines() {
        let line = line?;
        println!("{line}");
        tally.read(&line);
    }
    let status = child.wait()?;
    tally.judge(status.success())?;
    Ok(tally)
}

fn same_count(done: &[Done], one: &str, other: &str) -> Result<()> {
    let passed = |name: &str| {
        let step = done.iter().find(|step| step.name == name);
        step.and_then(|step| step.tally)
            .map(|tally| tally.passed)
            .with_context(|| format!("`{name}` was not run"))
    };
    let (here, there) = (passed(one)?, passed(other)?);
    ensure!(
        here == there && here > 0,
        "`{one}` passed {here} tests and `{other}` {there}"
    );
    Ok(())
}

fn stop(places: &Places, were_up: bool) -> Result<()> {
    system::down(places)?;
    if were_up {
        return Ok(());
    }
    parts::down(places, &Part::ALL)
}

fn summarise(done: &[Done]) {
    println!("\n{:<44} {:>8}  result", "step", "time");
    for step in done {
        let result = match (step.passed, step.tally) {
            (true, None) => "ok".to_owned(),
            (true, Some(tally)) => format!("ok, {tally}"),
            (false, None) => "FAILED".to_owned(),
            (false, Some(tally)) => format!("FAILED, {tally}"),
        };
        println!("{:<44} {:>8}  {result}", step.name, clock(step.took));
    }
    let sum: Tally = done.iter().filter_map(|step| step.tally).sum();
    println!("{sum}");
}

fn clock(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 60.0 {
        return format!("{seconds:.1} s");
    }
    format!("{}:{:02} min", time.as_secs() / 60, time.as_secs() % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(name: &'static str, passed: u32) -> Done {
        Done {
            name,
            took: Duration::ZERO,
            passed: true,
            tally: Some(Tally {
                passed,
                ..Tally::default()
            }),
        }
    }

    #[test]
    fn both_modes_must_pass_the_same_number_of_tests() {
        assert!(same_count(&[done("a", 3), done("b", 3)], "a", "b").is_ok());
        assert!(same_count(&[done("a", 3), done("b", 2)], "a", "b").is_err());
        assert!(same_count(&[done("a", 0), done("b", 0)], "a", "b").is_err());
        assert!(same_count(&[done("a", 3)], "a", "b").is_err());
    }
}
