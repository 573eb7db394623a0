//! The table of steps: what `cargo xtask test` does, in order.

use std::env;

use crate::{parts, places::Places, system};

/// One line of the table.
pub struct Step {
    pub name: &'static str,
    pub action: Action,
}

/// A step, and the share of CI's time that it has.
pub struct Row {
    pub step: Step,
    /// What it may take on 2 cores with an empty cache; `None` if CI leaves it out and only `--full` runs it.
    pub minutes: Option<u32>,
}

/// Variables for a suite.
pub type Environment = Vec<(&'static str, String)>;

/// What a step does.
pub enum Action {
    /// A `cargo` command that has to succeed.
    Cargo(Vec<&'static str>),
    /// A `cargo test` whose tests are counted.
    Suite(Vec<&'static str>, Environment),
    Tidy,
    PartsReset,
    SystemUp,
    SystemDown,
    /// Builds the binary with the bugs that the checker must catch, and keeps it beside the real one.
    PlantedBinary,
    /// A suite of the checker, by its name.
    Checker(&'static str),
    /// The kept mutants.
    Mutants,
    /// The checks and tests of the packages in TypeScript.
    NpmPackages,
    /// What docker-compose and hadolint say of the files for containers.
    ComposeFiles,
    /// Calls made up from the OpenAPI document.
    Schemathesis,
    /// Two suites, by their steps' names, have to have passed the same number of tests.
    SameCount(&'static str, &'static str),
}

const ALL_IN_ONE: &str = "system tests, all in one";
const DISTRIBUTED: &str = "system tests, distributed";
const BROWSER_ALL_IN_ONE: &str = "browser, all in one";
const BROWSER_DISTRIBUTED: &str = "browser, distributed";

/// The suite that tests the system from outside has steps of its own. Both select the whole workspace: cargo would compile
/// dependencies again for the features of one package alone.
const CRATES: &[&str] = &["--workspace", "--no-fail-fast"];

const SYSTEM: &[&str] = &["--workspace", "--no-fail-fast", "--test", "e2e"];

const WITHOUT_BROWSER: &[&str] = &["--", "--skip", "browser::"];

/// One browser at a time: the tests measure how long a person waits.
const BROWSER: &[&str] = &["--", "--test-threads", "1", "browser::"];

/// A test that needs a part, strace or a mounted disk has its name in its path, and is left out of the quick run.
const WITHOUT_PARTS: &[&str] = &[
    "--", "--skip", "postgres", "--skip", "kafka", "--skip", "mongo", "--skip", "redis", "--skip",
    "smtp", "--skip", "strace", "--skip", "mounted", "--skip", "promtool",
];

/// Everything, in order. `tidy` compares it with the table in CONTRIBUTING.md.
pub fn table(places: &Places) -> Vec<Row> {
    let mut rows: Vec<Row> = checks()
        .into_iter()
        .zip([1, 12, 3, 2])
        .map(|(step, minutes)| step.within(minutes))
        .collect();
    let crates = Action::Suite(CRATES.to_vec(), parts::test_environment(places));
    rows.extend([
        step("compose files", Action::ComposeFiles).within(1),
        step("real parts", Action::PartsReset).within(5),
        step("crates and services", crates).within(15),
        all_in_one().within(6),
        all_in_one_of(BROWSER_ALL_IN_ONE, BROWSER).within(3),
        step("calls made up from the document", Action::Schemathesis).within(7),
        step("distributed system up", Action::SystemUp).within(1),
        distributed_of(places, DISTRIBUTED, WITHOUT_BROWSER).within(3),
        distributed_of(places, BROWSER_DISTRIBUTED, BROWSER).within(3),
        rolling_restart(places).within(1),
        step("distributed system down", Action::SystemDown).within(1),
        same_count(
            "as many system tests in both modes",
            ALL_IN_ONE,
            DISTRIBUTED,
        )
        .within(0),
        same_count(
            "as many browser tests in both modes",
            BROWSER_ALL_IN_ONE,
            BROWSER_DISTRIBUTED,
        )
        .within(0),
        step("binary with planted bugs", Action::PlantedBinary).within(5),
        step("faults, quick", Action::Checker("quick")).within(6),
        step("faults, full", Action::Checker("full")).only_in_full(),
        step("kept mutants", Action::Mutants).only_in_full(),
    ]);
    rows
}

/// What CI runs: the rows with a share of its time.
pub fn of_ci(places: &Places) -> Vec<Step> {
    let rows = table(places).into_iter();
    rows.filter(|row| row.minutes.is_some())
        .map(|row| row.step)
        .collect()
}

/// Every row.
pub fn full(places: &Places) -> Vec<Step> {
    table(places).into_iter().map(|row| row.step).collect()
}

/// What needs no part and no browser: for the loop while working.
pub fn quick() -> Vec<Step> {
    let mut steps = Vec::from(checks());
    steps.extend([
        step(
            "crates and services, embedded",
            Action::Suite([CRATES, WITHOUT_PARTS].concat(), Vec::new()),
        ),
        all_in_one(),
    ]);
    steps
}

fn checks() -> [Step; 4] {
    let lint = "clippy --workspace --all-targets -- -D warnings";
    [
        step("format", Action::Cargo(vec!["fmt", "--all", "--check"])),
        step("lint", Action::Cargo(lint.split(' ').collect())),
        step("tidy", Action::Tidy),
        step("npm packages", Action::NpmPackages),
    ]
}

fn all_in_one() -> Step {
    all_in_one_of(ALL_IN_ONE, WITHOUT_BROWSER)
}

fn all_in_one_of(name: &'static str, which: &[&'static str]) -> Step {
    let environment = vec![("COLLOQUY_E2E_MODE", "all-in-one".to_owned())];
    step(name, Action::Suite([SYSTEM, which].concat(), environment))
}

fn distributed_of(places: &Places, name: &'static str, which: &[&'static str]) -> Step {
    let tests = [SYSTEM, which].concat();
    step(name, Action::Suite(tests, of_distributed(places)))
}

/// Alone, because it restarts what the other tests use.
fn rolling_restart(places: &Places) -> Step {
    let tests = vec!["--workspace", "--test", "rolling_restart"];
    step(
        "rolling restart, distributed",
        Action::Suite(tests, of_distributed(places)),
    )
}

fn of_distributed(places: &Places) -> Environment {
    vec![
        ("COLLOQUY_E2E_MODE", "distributed".to_owned()),
        ("COLLOQUY_E2E_URL", system::public_url(places)),
        ("COLLOQUY_E2E_MAIL_DIR", parts::mail_folder(places)),
        (
            "COLLOQUY_E2E_COLLECTOR",
            system::layout::collector_address(places),
        ),
        ("COLLOQUY_E2E_ADMINS", system::admin_addresses(places)),
        ("COLLOQUY_E2E_MENU", this_menu()),
    ]
}

/// For tests that kill processes of the system and start them again.
fn this_menu() -> String {
    let path = env::current_exe().unwrap_or_else(|_| "xtask".into());
    path.to_string_lossy().into_owned()
}

fn same_count(name: &'static str, one: &'static str, other: &'static str) -> Step {
    step(name, Action::SameCount(one, other))
}

fn step(name: &'static str, action: Action) -> Step {
    Step { name, action }
}

impl Step {
    fn within(self, minutes: u32) -> Row {
        Row {
            step: self,
            minutes: Some(minutes),
        }
    }

    fn only_in_full(self) -> Row {
        Row {
            step: self,
            minutes: None,
        }
    }
}
