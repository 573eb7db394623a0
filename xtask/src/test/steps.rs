//! The table of steps: what `cargo xtask test` does, in order.

use crate::{parts, places::Places, system};

/// One line of the table.
pub struct Step {
    pub name: &'static str,
    pub action: Action,
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
    /// The checker's quick suite.
    Checker,
    /// The checks and tests of the packages in TypeScript.
    NpmPackages,
    /// Calls made up from the OpenAPI document.
    Schemathesis,
    /// Two suites, by their steps' names, have to have passed the same number of tests.
    SameCount(&'static str, &'static str),
}

const ALL_IN_ONE: &str = "system tests, all in one";
const DISTRIBUTED: &str = "system tests, distributed";

/// The suite that tests the system from outside has steps of its own. Both select the whole workspace: cargo would compile
/// dependencies again for the features of one package alone.
const CRATES: &[&str] = &["--workspace", "--no-fail-fast"];

const SYSTEM: &[&str] = &["--workspace", "--no-fail-fast", "--test", "e2e"];

/// A test that needs a part, strace or a mounted disk has its name in its path, and is left out of the quick run.
const WITHOUT_PARTS: &[&str] = &[
    "--", "--skip", "postgres", "--skip", "kafka", "--skip", "mongo", "--skip", "redis", "--skip",
    "smtp", "--skip", "strace", "--skip", "mounted",
];

/// Everything.
pub fn full(places: &Places) -> Vec<Step> {
    let mut steps = checks();
    steps.extend([
        step("real parts", Action::PartsReset),
        step(
            "crates and services",
            Action::Suite(CRATES.to_vec(), parts::test_environment(places)),
        ),
        all_in_one(),
        step("calls made up from the document", Action::Schemathesis),
        step("distributed system up", Action::SystemUp),
        step(
            DISTRIBUTED,
            Action::Suite(
                SYSTEM.to_vec(),
                vec![
                    ("COLLOQUY_E2E_MODE", "distributed".to_owned()),
                    ("COLLOQUY_E2E_URL", system::public_url(places)),
                    ("COLLOQUY_E2E_MAIL_DIR", parts::mail_folder(places)),
                ],
            ),
        ),
        step("distributed system down", Action::SystemDown),
        step(
            "as many system tests in both modes",
            Action::SameCount(ALL_IN_ONE, DISTRIBUTED),
        ),
        step("binary with planted bugs", Action::PlantedBinary),
        step("faults, quick", Action::Checker),
    ]);
    steps
}

/// What needs no part: for the loop while working.
pub fn quick() -> Vec<Step> {
    let mut steps = checks();
    steps.extend([
        step(
            "crates and services, embedded",
            Action::Suite([CRATES, WITHOUT_PARTS].concat(), Vec::new()),
        ),
        all_in_one(),
    ]);
    steps
}

fn checks() -> Vec<Step> {
    vec![
        step("format", Action::Cargo(vec!["fmt", "--all", "--check"])),
        step(
            "lint",
            Action::Cargo(vec![
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ]),
        ),
        step("tidy", Action::Tidy),
        step("npm packages", Action::NpmPackages),
    ]
}

fn all_in_one() -> Step {
    step(
        ALL_IN_ONE,
        Action::Suite(
            SYSTEM.to_vec(),
            vec![("COLLOQUY_E2E_MODE", "all-in-one".to_owned())],
        ),
    )
}

fn step(name: &'static str, action: Action) -> Step {
    Step { name, action }
}
