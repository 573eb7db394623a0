//! Mutants: a kept list of ways to break the product, each of which the tests of its contract row must notice.
//!
//! They are made in a copy of the tree with a target folder of its own, so that nothing is ever broken here.

pub mod list;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context as _, Result, bail, ensure};
use list::{LIST, Mutant};

use crate::places::Places;

/// Makes every mutant whose row or file contains `filter`, and runs the tests that must notice it.
///
/// # Errors
/// A mutant was not noticed, or does not build.
pub fn run(places: &Places, filter: &str) -> Result<()> {
    let start = Instant::now();
    let text = fs::read_to_string(places.repository().join(LIST))?;
    let mutants = list::parse(&text)?;
    let chosen: Vec<&Mutant> = mutants
        .iter()
        .filter(|mutant| mutant.row.contains(filter) || mutant.file.contains(filter))
        .collect();
    ensure!(!chosen.is_empty(), "no mutant's row or file has {filter:?}");
    let copy = Copy::of(places)?;
    let mut survivors = 0;
    for (number, mutant) in chosen.iter().enumerate() {
        let verdict = copy.try_mutant(mutant)?;
        println!(
            "{:>3}/{} {verdict}: {} ({})",
            number + 1,
            chosen.len(),
            mutant.change,
            mutant.row
        );
        survivors += usize::from(verdict != Verdict::Caught);
    }
    println!(
        "{} of {} mutants caught in {:.0} s",
        chosen.len() - survivors,
        chosen.len(),
        start.elapsed().as_secs_f64()
    );
    ensure!(survivors == 0, "{survivors} mutants were not caught");
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Caught,
    NotCaught,
    DoesNotBuild,
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Caught => "caught",
            Self::NotCaught => "NOT CAUGHT",
            Self::DoesNotBuild => "DOES NOT BUILD",
        })
    }
}

/// A copy of the tracked files.
struct Copy {
    root: PathBuf,
    target: PathBuf,
}

impl Copy {
    /// Brings the copy up to date; files that are as they were keep their times, so that they are not built again.
    fn of(places: &Places) -> Result<Self> {
        let folder = places.target().join("mutants");
        let copy = Self {
            root: folder.join("tree"),
            target: folder.join("target"),
        };
        let listed = Command::new("git")
            .args([
                "ls-files",
                "--cached",
                "--others",
                "--exclude-standard",
                "-z",
            ])
            .current_dir(places.repository())
            .output()?;
        ensure!(listed.status.success(), "git cannot list the files");
        let names = String::from_utf8(listed.stdout)?;
        for name in names.split('\0').filter(|name| !name.is_empty()) {
            let from = places.repository().join(name);
            if from.is_file() {
                write_if_other(&copy.root.join(name), &fs::read(&from)?)?;
            }
        }
        Ok(copy)
    }

    /// Breaks one file, runs the tests and mends the file.
    fn try_mutant(&self, mutant: &Mutant) -> Result<Verdict> {
        let path = self.root.join(&mutant.file);
        let sound = fs::read_to_string(&path).with_context(|| mutant.file.clone())?;
        fs::write(&path, mutant.apply(&sound)?)?;
        let verdict = self.judge(mutant);
        fs::write(&path, sound)?;
        verdict
    }

    fn judge(&self, mutant: &Mutant) -> Result<Verdict> {
        let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(["test", "--no-fail-fast", "-p", &mutant.package, "--"])
            .args(&mutant.caught_by)
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target)
            .stdin(Stdio::null())
            .output()?;
        let printed = String::from_utf8_lossy(&output.stdout);
        let told = |name: &String, end: &str| {
            printed.lines().any(|line| {
                line.strip_prefix("test ")
                    .and_then(|line| line.strip_suffix(end))
                    .is_some_and(|path| path.rsplit("::").next() == Some(name))
            })
        };
        if mutant
            .caught_by
            .iter()
            .any(|name| told(name, " ... FAILED"))
        {
            return Ok(Verdict::Caught);
        }
        if mutant.caught_by.iter().any(|name| told(name, " ... ok")) {
            return Ok(Verdict::NotCaught);
        }
        if !output.status.success() {
            eprintln!("{}", String::from_utf8_lossy(&output.stderr));
            return Ok(Verdict::DoesNotBuild);
        }
        bail!("{} has none of {:?}", mutant.package, mutant.caught_by)
    }
}

fn write_if_other(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, bytes)?;
    Ok(())
}
