//! What is to be reached, and how figures stand to it: one table of all of docs/reference/performance.md.

use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

/// A figure, and what is to be reached.
#[derive(Clone, Copy, Debug)]
pub struct Goal {
    /// Its number there.
    pub number: &'static str,
    /// What is measured; no other goal has the same number and this.
    pub what: &'static str,
    unit: &'static str,
    is_at_most: bool,
    goal: f64,
    beyond: Option<f64>,
}

const fn at_most(number: &'static str, what: &'static str, unit: &'static str, goal: f64) -> Goal {
    Goal {
        number,
        what,
        unit,
        is_at_most: true,
        goal,
        beyond: None,
    }
}

const fn at_least(number: &'static str, what: &'static str, unit: &'static str, goal: f64) -> Goal {
    Goal {
        is_at_most: false,
        ..at_most(number, what, unit, goal)
    }
}

/// CPU per delivery.
pub const DELIVERY: Goal = at_most("G3", "CPU per delivery ÷ raw broadcaster", "", 1.5).beyond(1.2);
/// The same when saturated.
pub const SATURATION: Goal =
    at_most("G4", "the same when saturated ÷ raw broadcaster", "", 1.5).beyond(1.15);
/// Memory of a connection.
pub const CONNECTION: Goal =
    at_most("G7", "memory of an idle connection", " KiB", 10.0).beyond(4.0);
/// CPU of a connect.
pub const CONNECT: Goal = at_most(
    "G8",
    "CPU to connect, authenticate, subscribe",
    " µs",
    500.0,
)
.beyond(250.0);
/// Durable sends, distributed.
pub const ON_POSTGRES: Goal =
    at_least("G9", "durable sends/s on PostgreSQL ÷ `pgbench`", "", 0.8).beyond(1.5);
/// Durable sends, all-in-one.
pub const EMBEDDED: Goal = at_least(
    "G11",
    "durable sends/s, all-in-one ÷ a loop on SQLite",
    "",
    3.0,
)
.beyond(6.0);
/// Send to the last member, all-in-one.
pub const LAST_MEMBER: Goal = at_most("G12", "send to the last of 100 members, p50", " ms", 5.0);
/// The same, of almost all.
pub const LAST_MEMBER_P99: Goal =
    at_most("G12", "send to the last of 100 members, p99", " ms", 25.0).beyond(10.0);
/// Send to subscribers, distributed.
pub const THROUGH_NGINX: Goal =
    at_most("G13", "send to subscribers, distributed, p50", " ms", 5.0).beyond(3.0);
/// The same, of almost all.
pub const THROUGH_NGINX_P99: Goal =
    at_most("G13", "send to subscribers, distributed, p99", " ms", 20.0).beyond(10.0);
/// CPU of a page.
pub const PAGE: Goal = at_most(
    "G14",
    "CPU of a page of history ÷ its SELECT and an empty handler",
    "",
    2.0,
)
.beyond(1.4);
/// Deliveries during logins.
pub const LOGINS: Goal = at_most(
    "G16",
    "p99 of deliveries during 40 logins/s ÷ without",
    "",
    2.0,
)
.beyond(1.3);
/// The start.
pub const START: Goal = at_most("G17", "start to serving, all-in-one", " ms", 300.0).beyond(100.0);
/// A page of a longer room.
pub const PAGE_BY_MESSAGES: Goal =
    at_most("G18", "CPU of a page: longest room ÷ shortest", "", 1.2);
/// A send into a longer room.
pub const SEND_BY_MESSAGES: Goal =
    at_most("G18", "CPU of a send: longest room ÷ shortest", "", 1.2);
/// A page among more rooms.
pub const PAGE_BY_ROOMS: Goal = at_most("G18", "CPU of a page: most rooms ÷ fewest", "", 1.2);
/// A send among more rooms.
pub const SEND_BY_ROOMS: Goal = at_most("G18", "CPU of a send: most rooms ÷ fewest", "", 1.2);
/// Memory with a longer room.
pub const MEMORY_BY_MESSAGES: Goal =
    at_most("G18", "memory at the end: longest room ÷ shortest", "", 1.2);
/// Memory with more rooms.
pub const MEMORY_BY_ROOMS: Goal = at_most("G18", "memory at the end: most rooms ÷ fewest", "", 1.2);
/// Memory, all-in-one.
pub const ALL_IN_ONE_MEMORY: Goal = at_most(
    "memory",
    "all-in-one after a first start and 100 logins",
    " MiB",
    60.0,
);
/// Memory, distributed.
pub const PROCESS_MEMORY: Goal = at_most(
    "memory",
    "largest process of the distributed system after a load",
    " MiB",
    30.0,
);

/// A line of the table: something that is measured, or why it is not.
enum Line {
    Measured(Goal),
    Elsewhere(&'static str, &'static str, &'static str),
}

const WITH_RABBITMQ: &str = "not measured here: needs RabbitMQ with web_stomp beside it";
const WITH_THE_ORIGINAL: &str =
    "not measured here: needs the original system in Java and Python; ours alone is below";

/// By number. G10 and G15 do not exist.
const TABLE: [Line; 25] = [
    Line::Elsewhere("G1", "CPU per delivery ÷ RabbitMQ", WITH_RABBITMQ),
    Line::Elsewhere("G2", "deliveries per CPU-second ÷ RabbitMQ", WITH_RABBITMQ),
    Line::Measured(DELIVERY),
    Line::Measured(SATURATION),
    Line::Elsewhere(
        "G5",
        "the whole application ÷ the original system",
        WITH_THE_ORIGINAL,
    ),
    Line::Elsewhere(
        "G6",
        "CPU per delivery ÷ NATS over WebSocket",
        "not measured here: needs NATS beside it",
    ),
    Line::Measured(CONNECTION),
    Line::Measured(CONNECT),
    Line::Measured(ON_POSTGRES),
    Line::Measured(EMBEDDED),
    Line::Measured(LAST_MEMBER),
    Line::Measured(LAST_MEMBER_P99),
    Line::Measured(THROUGH_NGINX),
    Line::Measured(THROUGH_NGINX_P99),
    Line::Measured(PAGE),
    Line::Measured(LOGINS),
    Line::Measured(START),
    Line::Measured(PAGE_BY_MESSAGES),
    Line::Measured(SEND_BY_MESSAGES),
    Line::Measured(MEMORY_BY_MESSAGES),
    Line::Measured(PAGE_BY_ROOMS),
    Line::Measured(SEND_BY_ROOMS),
    Line::Measured(MEMORY_BY_ROOMS),
    Line::Measured(ALL_IN_ONE_MEMORY),
    Line::Measured(PROCESS_MEMORY),
];

impl Goal {
    const fn beyond(self, beyond: f64) -> Self {
        Self {
            beyond: Some(beyond),
            ..self
        }
    }

    /// Whether a figure reaches it, and what lies beyond.
    #[must_use]
    pub fn verdict(&self, figure: f64) -> &'static str {
        let reaches = |limit: f64| {
            if self.is_at_most {
                figure <= limit
            } else {
                figure >= limit
            }
        };
        match self.beyond {
            Some(beyond) if reaches(beyond) => "met, and beyond",
            _ if reaches(self.goal) => "met",
            _ => "not met",
        }
    }

    /// How a figure stands to it; `shown` is how the table shows the figure.
    #[must_use]
    pub fn standing(&self, figure: f64, shown: impl fmt::Display) -> Standing {
        Standing {
            number: self.number.to_owned(),
            what: self.what.to_owned(),
            figure: format!("{shown}{}", self.unit),
            verdict: self.verdict(figure).to_owned(),
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.is_at_most { '≤' } else { '≥' };
        write!(f, "{sign} {}{}", self.goal, self.unit)?;
        match self.beyond {
            Some(beyond) => write!(f, ", beyond {sign} {beyond}"),
            None => Ok(()),
        }
    }
}

/// A figure that was measured, as it stands to its goal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    number: String,
    what: String,
    figure: String,
    verdict: String,
}

/// A section of the page, and how its figures stand to their goals.
#[derive(Debug)]
pub struct Section {
    /// In Markdown.
    pub text: String,
    /// Of none, some or all of its figures.
    pub standings: Vec<Standing>,
}

impl From<String> for Section {
    fn from(text: String) -> Self {
        Self {
            text,
            standings: Vec::new(),
        }
    }
}

/// Adds a line for each to a file.
///
/// # Errors
/// It cannot be written.
pub fn note(file: &Path, standings: &[Standing]) -> Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(file)?;
    for standing in standings {
        writeln!(file, "{}", serde_json::to_string(standing)?)?;
    }
    Ok(())
}

/// What was noted in a file.
///
/// # Errors
/// It cannot be read.
pub fn noted(file: &Path) -> Result<Vec<Standing>> {
    let file = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    BufReader::new(file)
        .lines()
        .map(|line| Ok(serde_json::from_str(&line?)?))
        .collect()
}

/// Every figure, in the order of their numbers.
#[must_use]
pub fn table(standings: &[Standing]) -> String {
    let lines = TABLE.iter().map(|line| match line {
        Line::Elsewhere(number, what, why) => format!("| {number} | {what} | | | {why} |\n"),
        Line::Measured(goal) => {
            let is_its = |one: &&Standing| one.number == goal.number && one.what == goal.what;
            let (figure, verdict) = standings
                .iter()
                .rfind(is_its)
                .map_or(("", "not measured in this run"), |one| {
                    (&*one.figure, &*one.verdict)
                });
            let Goal { number, what, .. } = goal;
            format!("| {number} | {what} | {figure} | {goal} | {verdict} |\n")
        }
    });
    format!(
        "### Every figure and its goal\n\n\
         | | what | median (min – max) | goal | |\n|---|---|---|---|---|\n{}",
        lines.collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_held_to_its_goal_and_to_what_lies_beyond() {
        let low = at_most("G0", "low", "", 1.5).beyond(1.0);
        let verdicts = [0.9, 1.0, 1.5, 1.6].map(|figure| low.verdict(figure));
        let expected = ["met, and beyond", "met, and beyond", "met", "not met"];
        assert_eq!(verdicts, expected);

        let high = at_least("G0", "high", "", 3.0);
        assert_eq!(
            [2.9, 3.0, 90.0].map(|figure| high.verdict(figure)),
            ["not met", "met", "met"]
        );
    }

    #[test]
    fn a_goal_reads_with_its_unit() {
        assert_eq!(START.to_string(), "≤ 300 ms, beyond ≤ 100");
        assert_eq!(LAST_MEMBER.to_string(), "≤ 5 ms");
        assert_eq!(EMBEDDED.to_string(), "≥ 3, beyond ≥ 6");
    }

    #[test]
    fn what_was_noted_is_in_the_table_and_what_was_not_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("standings");
        note(&file, &[START.standing(400.0, "400.00")]).unwrap();
        note(
            &file,
            &[START.standing(90.0, "90.00"), PAGE.standing(1.9, 1.9)],
        )
        .unwrap();
        let noted = noted(&file).unwrap();
        assert_eq!(noted.len(), 3);
        let table = table(&noted);
        let line = |number: &str| {
            let begin = format!("| {number} |");
            table.lines().find(|line| line.starts_with(&begin)).unwrap()
        };
        assert!(line("G17").ends_with("| 90.00 ms | ≤ 300 ms, beyond ≤ 100 | met, and beyond |"));
        assert!(line("G14").ends_with("| 1.9 | ≤ 2, beyond ≤ 1.4 | met |"));
        assert!(line("G3").ends_with("| not measured in this run |"));
        assert!(line("G1").contains("RabbitMQ with web_stomp"));
    }

    #[test]
    fn no_two_lines_are_for_the_same_figure() {
        let names = TABLE.iter().map(|line| match line {
            Line::Measured(goal) => (goal.number, goal.what),
            Line::Elsewhere(number, what, _) => (*number, *what),
        });
        let distinct: std::collections::HashSet<_> = names.collect();
        assert_eq!(distinct.len(), TABLE.len());
    }
}
