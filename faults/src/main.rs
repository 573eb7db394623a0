//! The checker: a load of clients, real kills, and an audit of everything against everything (reliability.md §2).
//!
//! `run` carries out one plan. `quick` is what the test command runs: scenarios and kills in both modes, and planted bugs
//! that must each be caught. `full` is the same at the size that the promises are stated for.

mod anomaly;
mod audit;
mod customers;
mod evidence;
mod history;
mod nemesis;
mod plan;
mod probe;
mod proxy;
mod report;
mod run;
mod scenario;
mod sender;
mod settle;
mod shifted_clock;
mod subscriber;
mod subscriber_log;
mod suite;
mod target;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::plan::{Mode, Plan};

/// Proves, or disproves, that nothing was lost
#[derive(Parser)]
enum Checker {
    /// Carry out one plan
    Run(Plan),
    /// Run one scenario, which has one fault
    Scenario {
        #[arg(value_enum)]
        scenario: scenario::Scenario,
        /// The system that is checked
        #[arg(long, value_enum, default_value = "all-in-one")]
        mode: Mode,
        /// How much load it has
        #[arg(long, value_enum, default_value = "quick")]
        size: plan::Size,
    },
    /// Scenarios, kills in both modes, and four planted bugs that must be caught
    Quick,
    /// The same at full size
    Full,
}

#[tokio::main]
async fn main() -> ExitCode {
    match carry_out(Checker::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn carry_out(checker: Checker) -> Result<bool> {
    let is_distributed = match &checker {
        Checker::Run(plan) => plan.mode == Mode::Distributed,
        Checker::Scenario { mode, .. } => *mode == Mode::Distributed,
        Checker::Quick | Checker::Full => true,
    };
    let outcome = match checker {
        Checker::Run(plan) => check(&plan).await,
        Checker::Scenario {
            scenario,
            mode,
            size,
        } => scenario::run(scenario, mode, size).await.map(|()| {
            println!("{scenario:?}, {mode:?}: ok");
            true
        }),
        Checker::Quick => suite::quick().await,
        Checker::Full => suite::full().await,
    };
    if is_distributed {
        target::stop().await?;
    }
    outcome
}

/// Carries out a plan. Answers whether it ended as it should: clean, or with the anomaly that its planted bug causes.
async fn check(plan: &Plan) -> Result<bool> {
    let report = run::run(plan).await?;
    report.print(plan);
    report.check_validity(plan)?;
    Ok(match plan.plant {
        None => report.findings.is_clean(),
        Some(bug) => report.findings.prove(bug),
    })
}
