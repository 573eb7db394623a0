//! The checker: a load of clients, real kills, and an audit of everything against everything (reliability.md §2).
//!
//! `run` carries out one plan. `quick` is what the test command runs: scenarios and kills in both modes, and planted bugs
//! that must each be caught. `full` is the same at the size that the promises are stated for.

mod audit;
mod chaos;
mod evidence;
mod holding;
mod journal;
mod plan;
mod run;
mod scenario;
mod sender;
mod settle;
mod subscriber;
mod suite;
mod target;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::{
    audit::HARMS,
    plan::{Build, Plan},
    run::Report,
};

/// Proves, or disproves, that nothing was lost
#[derive(Parser)]
enum Checker {
    /// Carry out one plan
    Run(Plan),
    /// Tell one story with one fault
    Scenario {
        #[arg(value_enum)]
        story: scenario::Story,
        /// Where
        #[arg(long, value_enum, default_value = "all-in-one")]
        mode: plan::Mode,
    },
    /// Scenarios, kills in both modes, and four planted bugs that must be caught
    Quick,
    /// The same at full size
    Full,
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Checker::parse() {
        Checker::Run(plan) => check(&plan).await,
        Checker::Scenario { story, mode } => scenario::tell(story, mode).await.map(|()| true),
        Checker::Quick => suite::quick().await,
        Checker::Full => suite::full().await,
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Carries out a plan and tells whether it ended as it should: clean, or with its planted bug caught by what it does.
async fn check(plan: &Plan) -> Result<bool> {
    let report = run::run(plan).await?;
    print(plan, &report);
    run::check_that_it_counts(plan, &report)?;
    Ok(match plan.plant {
        None => report.findings.is_clean(),
        Some(bug) => report.findings.prove(bug),
    })
}

fn print(plan: &Plan, report: &Report) {
    let planted = match plan.build() {
        Build::Product => String::new(),
        Build::Planted(None) => ", nothing planted".to_owned(),
        Build::Planted(Some(bug)) => format!(", planted {}", bug.name()),
    };
    println!("checked {:?}{planted}, seed {}", plan.mode, plan.seed);
    println!(
        "  {} calls, {} acknowledged, {} messages stored, {} failed tries, {} kills met by {:.0} % of the calls, {} reconnects",
        report.calls,
        report.acknowledged,
        report.stored,
        report.failed_tries,
        report.faults,
        report.overlap * 100.0,
        report.reconnects
    );
    let counts: Vec<String> = HARMS
        .iter()
        .map(|harm| format!("{} {harm}", report.findings.count(*harm)))
        .collect();
    println!("  {}", counts.join(", "));
    for example in report.findings.examples() {
        println!("    {example}");
    }
}
