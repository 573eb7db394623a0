//! The table in CONTRIBUTING.md says of each step of the test command what CI gives it.

use super::{Finding, tree::Tree};
use crate::test::steps::Row;

const PAGE: &str = "CONTRIBUTING.md";
/// The line above the rows.
const HEADER: &str = "| step | `cargo xtask test` | `--full` |";
/// What CI has for all steps, in minutes, with a reserve beside it.
const LIMIT: u32 = 75;

/// Rows that the page and the command do not share, and shares that are too large together.
pub fn check(tree: &Tree, rows: &[Row]) -> Vec<Finding> {
    let text = tree.file(PAGE).map_or("", |page| page.text.as_str());
    let said: Vec<&str> = text
        .lines()
        .skip_while(|line| *line != HEADER)
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    let sum: u32 = rows.iter().filter_map(|row| row.minutes).sum();
    let mut awaited: Vec<String> = rows.iter().map(line).collect();
    awaited.push(format!("| **sum** | **{sum} min** | |"));

    let mut findings = Vec::new();
    if sum > LIMIT {
        findings.push(format!("the steps have {sum} min, CI has {LIMIT}"));
    }
    if said != awaited {
        findings.push(format!(
            "{PAGE} has another table than `cargo xtask test` runs, which is:\n{}",
            awaited.join("\n")
        ));
    }
    findings
}

fn line(row: &Row) -> String {
    let name = row.step.name;
    match row.minutes {
        Some(minutes) => format!("| {name} | {minutes} min | yes |"),
        None => format!("| {name} | | yes |"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test::steps::{Action, Step};

    fn findings(minutes: u32, page: &str) -> usize {
        let row = |name, minutes| Row {
            step: Step {
                name,
                action: Action::Tidy,
            },
            minutes,
        };
        let rows = [row("lint", Some(minutes)), row("mutants", None)];
        let page = format!("{HEADER}\n|---|---|---|\n{page}\nA sentence.\n");
        check(&Tree::of(&[(PAGE, page.as_str())]), &rows).len()
    }

    #[test]
    fn a_table_of_what_runs_is_fine() {
        let page = "| lint | 3 min | yes |\n| mutants | | yes |\n| **sum** | **3 min** | |";
        assert_eq!(findings(3, page), 0);
    }

    #[test]
    fn a_row_that_is_missing_or_says_something_else_is_found() {
        let sum = "| **sum** | **3 min** | |";
        for rows in [
            format!("| lint | 3 min | yes |\n{sum}"),
            format!("| lint | 2 min | yes |\n| mutants | | yes |\n{sum}"),
            format!("| lint | 3 min | yes |\n| mutants | 1 min | yes |\n{sum}"),
            format!("| mutants | | yes |\n| lint | 3 min | yes |\n{sum}"),
            "| lint | 3 min | yes |\n| mutants | | yes |".to_owned(),
        ] {
            assert_eq!(findings(3, &rows), 1, "{rows}");
        }
    }

    #[test]
    fn more_minutes_than_ci_has_are_found() {
        let page = "| lint | 76 min | yes |\n| mutants | | yes |\n| **sum** | **76 min** | |";
        assert_eq!(findings(76, page), 1);
    }
}
