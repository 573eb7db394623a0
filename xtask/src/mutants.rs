//! Mutants: a kept list of ways to break a promise, an invariant or a decision, each of which its tests must notice.
//!
//! They are made in a copy of the tree with a target folder of its own, so that nothing is ever broken here. Tests that
//! need a real part are left out, and every test that is named must pass before anything is broken.

mod copy;
pub mod list;
mod suite;

use std::{
    fmt, fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Result, bail, ensure};
use copy::Copy;
use list::{LIST, Mutant};
use suite::{Suite, TestResult};

use crate::places::Places;

/// A test that a mutant keeps from ending is one that did not notice.
const TEST_TIMEOUT: Duration = Duration::from_secs(180);

/// Makes every mutant whose promise, change or file contains `filter`, and runs the tests that must notice it.
///
/// # Errors
/// A mutant was not noticed, or does not build; or a test is not there, or fails without any mutant.
pub fn run(places: &Places, filter: &str) -> Result<()> {
    let start = Instant::now();
    let copy = Copy::of(places)?;
    let mutants = list::parse(&fs::read_to_string(copy.path(LIST))?)?;
    let has = |text: &String| text.contains(filter);
    let mut chosen = Vec::new();
    for mutant in &mutants {
        if has(&mutant.breaks) || has(&mutant.change) || has(&mutant.file) {
            chosen.push((Suite::of(mutant, &copy)?, mutant));
        }
    }
    ensure!(!chosen.is_empty(), "no mutant has {filter:?}");
    // One test binary after the other, so that little is built anew from one mutant to the next.
    chosen.sort_by(|(a, one), (b, other)| (a, &one.file).cmp(&(b, &other.file)));
    let (mut number, mut survivors) = (0, Vec::new());
    for batch in chosen.chunk_by(|(a, _), (b, _)| a == b) {
        let suite = &batch[0].0;
        check_sound(suite, &copy, batch)?;
        for (_, mutant) in batch {
            number += 1;
            let begun = Instant::now();
            let verdict = try_mutant(suite, &copy, mutant)?;
            let line = format!("{verdict}: {} ({})", mutant.change, mutant.breaks);
            let took = begun.elapsed().as_secs_f64();
            println!("{number:>4}/{} {took:>5.1} s  {line}", chosen.len());
            if verdict != Verdict::Caught {
                survivors.push(line);
            }
        }
    }
    for line in &survivors {
        println!("{line}");
    }
    println!(
        "{} of {} mutants caught in {:.0} s",
        chosen.len() - survivors.len(),
        chosen.len(),
        start.elapsed().as_secs_f64()
    );
    ensure!(survivors.is_empty(), "not every mutant was caught");
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Caught,
    NotCaught,
    DoesNotBuild,
    DoesNotEnd,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Caught => "caught",
            Self::NotCaught => "NOT CAUGHT",
            Self::DoesNotBuild => "DOES NOT BUILD",
            Self::DoesNotEnd => "DOES NOT END",
        })
    }
}

/// A test that fails anyway would catch anything.
fn check_sound(suite: &Suite, copy: &Copy, batch: &[(Suite, &Mutant)]) -> Result<()> {
    let begun = Instant::now();
    let tests: Vec<&String> = batch.iter().flat_map(|(_, m)| &m.caught_by).collect();
    let Some(binary) = suite.build(copy)? else {
        bail!("{suite} does not build");
    };
    let Some(printed) = suite.run(copy, &binary, &tests, TEST_TIMEOUT)? else {
        bail!("{suite} does not end");
    };
    for test in &tests {
        match printed.of(test) {
            Some(TestResult::Ok) => {}
            Some(TestResult::Failed) => bail!("{suite}: {test} fails without any mutant"),
            None => bail!("{suite} has no {test} that needs no real part"),
        }
    }
    let took = begun.elapsed().as_secs_f64();
    println!("{suite}: its tests pass as it is, {took:.1} s");
    Ok(())
}

/// Breaks one file, runs the tests and mends the file.
fn try_mutant(suite: &Suite, copy: &Copy, mutant: &Mutant) -> Result<Verdict> {
    let path = copy.path(&mutant.file);
    let sound = fs::read_to_string(&path)?;
    fs::write(&path, mutant.apply(&sound)?)?;
    let verdict = judge(suite, copy, mutant);
    fs::write(&path, sound)?;
    verdict
}

fn judge(suite: &Suite, copy: &Copy, mutant: &Mutant) -> Result<Verdict> {
    let tests: Vec<&String> = mutant.caught_by.iter().collect();
    let binary: PathBuf = match suite.build(copy)? {
        Some(binary) => binary,
        None => return Ok(Verdict::DoesNotBuild),
    };
    let Some(printed) = suite.run(copy, &binary, &tests, TEST_TIMEOUT)? else {
        return Ok(Verdict::DoesNotEnd);
    };
    let noticed = tests
        .iter()
        .any(|test| printed.of(test) == Some(TestResult::Failed));
    Ok(if noticed {
        Verdict::Caught
    } else {
        Verdict::NotCaught
    })
}
