//! `cargo xtask bench`: builds the product and the bench, starts what a figure needs, measures, and takes it down.

use std::{
    fs,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;

use crate::{
    parts::{self, Part},
    places::Places,
    system,
};

const PAGE: &str = "docs/operating/performance.md";
const BEGIN: &str = "<!-- measured: begin -->\n";
const END: &str = "<!-- measured: end -->\n";

/// What can be measured here, by its number in docs/reference/performance.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Figure {
    /// CPU per delivery, against a raw broadcaster
    G3,
    /// Memory of an idle connection, and CPU of a connect (G8)
    G7,
    /// Durable sends on PostgreSQL, against pgbench
    G9,
    /// Durable sends on embedded stores, against a loop of one-row transactions
    G11,
    /// From the start to ready
    G17,
    /// What the distributed system takes while no client is there
    Idle,
    /// Durable sends of the distributed system and the CPU of each, by process (G5)
    Writes,
}

impl Figure {
    fn needs_the_distributed_system(self) -> bool {
        matches!(self, Self::G9 | Self::Idle | Self::Writes)
    }

    /// What the bench is called with; `quick` is for a look, not for the page.
    fn arguments(self, places: &Places, quick: bool) -> Result<Vec<String>> {
        let url = ["--url".to_owned(), system::public_url(places)];
        let (name, own, quickly): (_, Vec<String>, &[&str]) = match self {
            Self::G3 => ("g3", Vec::new(), &["--pairs", "2", "--seconds", "3"]),
            Self::G7 => (
                "g7",
                Vec::new(),
                &["--idle-pairs", "1", "--idle-seconds", "5"],
            ),
            Self::G9 => {
                let postgres = [
                    "--postgres".to_owned(),
                    parts::postgres::tls_url(places, "app"),
                ];
                let pgbench = parts::postgres::program("pgbench")?.display().to_string();
                let pgbench = ["--pgbench".to_owned(), pgbench];
                let own = url.into_iter().chain(postgres).chain(pgbench).collect();
                ("g9", own, &["--pairs", "2", "--seconds", "2"])
            }
            Self::G11 => ("g11", Vec::new(), &["--pairs", "2", "--seconds", "2"]),
            Self::G17 => ("g17", Vec::new(), &["--messages", "200", "--starts", "3"]),
            Self::Idle => ("idle-processes", Vec::new(), &["--seconds", "5"]),
            Self::Writes => ("writes", url.into(), &["--seconds", "2"]),
        };
        let mut arguments = vec![name.to_owned()];
        arguments.extend(own);
        if quick {
            arguments.extend(quickly.iter().map(|&one| one.to_owned()));
        }
        Ok(arguments)
    }
}

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
    let mut measured = bench(places, &["machine".to_owned()])?;
    // The distributed system goes before the others are measured, so that nothing runs beside them.
    let (distributed, alone): (Vec<_>, Vec<_>) = figures
        .iter()
        .partition(|one| one.needs_the_distributed_system());
    if !distributed.is_empty() {
        let outcome = system::up(places, true).and_then(|()| measure(places, &distributed, quick));
        system::down(places)?;
        parts::down(places, &Part::ALL)?;
        measured.push_str(&outcome?);
    }
    measured.push_str(&measure(places, &alone, quick)?);
    if is_whole {
        let page = places.repository().join(PAGE);
        let text = fs::read_to_string(&page)?;
        let text = replaced(&text, &measured).context("the page has no marks for its figures")?;
        fs::write(page, text)?;
    }
    Ok(())
}

fn measure(places: &Places, figures: &[Figure], quick: bool) -> Result<String> {
    let mut measured = String::new();
    for figure in figures {
        measured.push('\n');
        measured.push_str(&bench(places, &figure.arguments(places, quick)?)?);
    }
    Ok(measured)
}

fn build(places: &Places) -> Result<()> {
    let packages = ["-p", "colloquy", "-p", "colloquy-bench"];
    let mut cargo = places.cargo();
    cargo.args(["build", "--release"]).args(packages);
    let status = cargo.stdin(Stdio::null()).status()?;
    ensure!(status.success(), "the build ended with {status}");
    Ok(())
}

/// Runs the bench, shows what it prints, and answers it.
fn bench(places: &Places, arguments: &[String]) -> Result<String> {
    let program = places.binary("release").with_file_name("colloquy-bench");
    let output = Command::new(program)
        .args(arguments)
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
