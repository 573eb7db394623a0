//! What the test command runs, short enough for every change.

use anyhow::Result;
use clap::Parser;

use crate::{
    check,
    plan::{Bug, Mode, Plan},
};

#[derive(Parser)]
struct Defaults {
    #[command(flatten)]
    plan: Plan,
}

/// Every plan in turn; all of them must end as they should.
///
/// # Errors
/// A run could not be carried out.
pub async fn quick() -> Result<bool> {
    let mut passed = 0;
    let plans = plans();
    for plan in &plans {
        let good = check(plan).await?;
        println!("  {}", verdict(plan.plant, good));
        passed += usize::from(good);
    }
    println!("{passed} passed, {} failed", plans.len() - passed);
    Ok(passed == plans.len())
}

fn verdict(plant: Option<Bug>, good: bool) -> &'static str {
    match (plant, good) {
        (None, true) => "clean",
        (None, false) => "FAILED: promises were broken",
        (Some(_), true) => "the planted bug was caught",
        (Some(_), false) => "FAILED: the planted bug was not caught",
    }
}

fn plans() -> Vec<Plan> {
    let plan = || Defaults::parse_from(["quick"]).plan;
    let small = |mode| Plan {
        mode,
        messages: 2000,
        rooms: 10,
        subscribers: 9,
        ..plan()
    };
    let planted = |mode, bug| Plan {
        plant: Some(bug),
        kills: 0,
        ..small(mode)
    };
    vec![
        Plan {
            kills: 10,
            rate: 300,
            ..small(Mode::AllInOne)
        },
        planted(Mode::AllInOne, Bug::DropOnFullQueue),
        Plan {
            kills: 8,
            ..planted(Mode::AllInOne, Bug::CommitBeforeApply)
        },
        Plan {
            kills: 1,
            kafka_kills: 1,
            rate: 60,
            ..small(Mode::Distributed)
        },
        planted(Mode::Distributed, Bug::RelayPollsById),
        Plan {
            kills: 6,
            rate: 150,
            victims: "chat-command".into(),
            ..planted(Mode::Distributed, Bug::PublishBeforeCommit)
        },
    ]
}
