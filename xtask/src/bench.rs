//! `cargo xtask bench`: builds the product and the bench, starts what a figure needs, measures, and takes it down.

mod figure;

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;

pub use self::figure::Figure;
use crate::{
    parts::{self, Part},
    places::Places,
    system,
};

const PAGE: &str = "docs/operating/performance.md";
const BEGIN: &str = "<!-- measured: begin -->\n";
const END: &str = "<!-- measured: end -->\n";

/// Measures the figures, all of them if none is named. All of them, not quickly, are written into the page.
///
/// # Errors
/// Something cannot be built or started, or a figure does not count.
pub fn run(places: &Places, figures: &[Figure], quick: bool) -> Result<()> {
    let is_whole = figures.is_empty() && !quick;
    let figures = match figures {
        [] => Figure::value_variants(),
        some => some,
    };
    build(places)?;
    let planned: Duration = figures.iter().map(|figure| figure.planned()).sum();
    if !quick {
        println!("about {} minutes", planned.as_secs().div_ceil(60));
    }
    // The page begins with the table of all, which is known at the end.
    let folder = tempfile::tempdir()?;
    let session = Session {
        places,
        standings: folder.path().join("standings"),
        quick,
    };
    fs::write(&session.standings, "")?;
    let machine = session.bench(&["machine".to_owned()])?;
    let Measured { sections, failed } = session.measure_all(figures)?;
    let table = session.bench(&["standings".to_owned()])?;
    if is_whole {
        let page = places.repository().join(PAGE);
        let text = fs::read_to_string(&page)?;
        let measured = format!("{machine}\n{table}{sections}");
        let text = replaced(&text, &measured).context("the page has no marks for its figures")?;
        fs::write(page, text)?;
    }
    ensure!(failed.is_empty(), "no figure came of {}", failed.join(", "));
    Ok(())
}

/// What came of all figures.
#[derive(Default)]
struct Measured {
    /// As the page has them.
    sections: String,
    /// Those of which none came: the others are not measured again because of that.
    failed: Vec<String>,
}

/// One run of this verb.
struct Session<'a> {
    places: &'a Places,
    /// Where the bench notes how figures stand to their goals.
    standings: PathBuf,
    quick: bool,
}

impl Session<'_> {
    /// The distributed system goes before the others are measured, so that nothing runs beside them.
    fn measure_all(&self, figures: &[Figure]) -> Result<Measured> {
        let (distributed, alone): (Vec<_>, Vec<_>) = figures
            .iter()
            .partition(|one| one.needs_the_distributed_system());
        let mut measured = Measured::default();
        if !distributed.is_empty() {
            let outcome = system::up(self.places, true)
                .and_then(|()| self.measure(&distributed, &mut measured));
            system::down(self.places)?;
            parts::down(self.places, &Part::ALL)?;
            outcome?;
        }
        self.measure(&alone, &mut measured)?;
        Ok(measured)
    }

    fn measure(&self, figures: &[Figure], measured: &mut Measured) -> Result<()> {
        for figure in figures {
            let arguments = figure.arguments(self.places, self.quick)?;
            let section = self.bench(&arguments).unwrap_or_else(|error| {
                let name = &arguments[0];
                eprintln!("error: {error:#}");
                measured.failed.push(name.clone());
                format!("### {name}\n\nNo figure: {error:#}.\n")
            });
            measured.sections.push('\n');
            measured.sections.push_str(&section);
        }
        Ok(())
    }

    /// Runs the bench, shows what it prints, and answers it.
    fn bench(&self, arguments: &[String]) -> Result<String> {
        let program = self.places.binary("release");
        let output = Command::new(program.with_file_name("colloquy-bench"))
            .args(arguments)
            .arg("--standings")
            .arg(&self.standings)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()?;
        let figure = arguments.first().map_or("", String::as_str);
        ensure!(
            output.status.success(),
            "{figure} ended with {}",
            output.status
        );
        let text = String::from_utf8(output.stdout)?;
        println!("{text}");
        Ok(text)
    }
}

fn build(places: &Places) -> Result<()> {
    let packages = ["-p", "colloquy", "-p", "colloquy-bench"];
    let mut cargo = places.cargo();
    cargo.args(["build", "--release"]).args(packages);
    let status = cargo.stdin(Stdio::null()).status()?;
    ensure!(status.success(), "the build ended with {status}");
    Ok(())
}

fn replaced(page: &str, measured: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{measured}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let page = format!("# Title\n\n{BEGIN}\nold\n\n{END}\nBy hand.\n");
        let expected = format!("# Title\n\n{BEGIN}\nnew\n\n{END}\nBy hand.\n");
        assert_eq!(replaced(&page, "new\n"), Some(expected));
        assert_eq!(replaced("# Title\n", "new"), None);
    }
}
