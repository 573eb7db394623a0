//! The checks in a row: scenarios, runs under kills, planted bugs. `quick` for every change, `full` for a release.

use std::time::Duration;

use anyhow::Result;
use tokio::time::Instant;

use crate::{
    check,
    plan::{Bug, Mode, Plan, Size},
    scenario::{self, Scenario},
    target::afresh,
};

/// Short enough for every change.
///
/// # Errors
/// A check could not be carried out.
pub async fn quick() -> Result<bool> {
    let small = |mode| Plan {
        mode,
        messages: 2000,
        rooms: 10,
        subscribers: 9,
        ..Plan::default()
    };
    let plans = [
        Plan {
            kills: 10,
            rate: 300,
            ..small(Mode::AllInOne)
        },
        Plan {
            kills: 1,
            kafka_kills: 1,
            rate: 60,
            ..small(Mode::Distributed)
        },
    ];
    all(&Scenario::QUICK, &plans, Size::Quick).await
}

/// 10,000 messages in 20 rooms, 8 senders, 20 subscribers; the one process killed 30 times, or each service in turn
/// three times and Kafka once; and, without a kill, 50 rooms with 200 subscribers on two WebSocket nodes.
///
/// # Errors
/// A check could not be carried out.
pub async fn full() -> Result<bool> {
    let plans = [
        Plan {
            kills: 30,
            rate: 400,
            ..Plan::default()
        },
        Plan {
            mode: Mode::Distributed,
            kills: 3,
            kafka_kills: 1,
            rate: 120,
            ..Plan::default()
        },
        Plan {
            mode: Mode::Distributed,
            rooms: 50,
            subscribers: 200,
            kills: 0,
            ..Plan::default()
        },
    ];
    all(&Scenario::ALL, &plans, Size::Full).await
}

async fn all(scenarios: &[(Scenario, Mode)], plans: &[Plan], size: Size) -> Result<bool> {
    let mut tally = Tally::default();
    for &(scenario, mode) in scenarios {
        if (size, mode) == (Size::Full, Mode::Distributed) {
            afresh().await?;
        }
        let began = Instant::now();
        let outcome = scenario::run(scenario, mode, size).await;
        tally.scenario(scenario, mode, &outcome, began.elapsed());
    }
    for plan in plans.iter().chain([&control()]).chain(&planted()) {
        if (size, plan.mode) == (Size::Full, Mode::Distributed) {
            afresh().await?;
        }
        tally.verdict(plan.plant, check(plan).await?);
    }
    println!("{} passed, {} failed", tally.passed, tally.failed);
    Ok(tally.failed == 0)
}

/// What the planted bugs are compared with: the same binary without one.
fn control() -> Plan {
    Plan {
        control: true,
        messages: 1000,
        rooms: 10,
        subscribers: 9,
        kills: 0,
        ..Plan::default()
    }
}

/// One run for each bug, in the mode that has the code it is planted in.
fn planted() -> [Plan; 4] {
    let plan = |mode, bug| Plan {
        mode,
        plant: Some(bug),
        messages: 2000,
        rooms: 10,
        subscribers: 9,
        kills: 0,
        ..Plan::default()
    };
    [
        // Without a pause, so that whole batches of messages reach a queue at once.
        Plan {
            senders: 64,
            messages: 6400,
            rate: 0,
            ..plan(Mode::AllInOne, Bug::DropOnFullQueue)
        },
        Plan {
            kills: 8,
            ..plan(Mode::AllInOne, Bug::CommitBeforeApply)
        },
        plan(Mode::Distributed, Bug::RelayPollsById),
        Plan {
            kills: 6,
            rate: 150,
            victims: "chat-command".into(),
            ..plan(Mode::Distributed, Bug::PublishBeforeCommit)
        },
    ]
}

#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
}

impl Tally {
    fn scenario(&mut self, scenario: Scenario, mode: Mode, outcome: &Result<()>, took: Duration) {
        let took = took.as_secs();
        match outcome {
            Ok(()) => println!("{scenario:?}, {mode:?}: ok in {took} s"),
            Err(error) => println!("{scenario:?}, {mode:?}: FAILED in {took} s: {error:#}"),
        }
        self.count(outcome.is_ok());
    }

    fn verdict(&mut self, plant: Option<Bug>, good: bool) {
        println!(
            "  {}",
            match (plant, good) {
                (None, true) => "clean",
                (None, false) => "FAILED: promises were broken",
                (Some(_), true) => "the planted bug was caught by what it does",
                (Some(_), false) => "FAILED: the planted bug was not caught",
            }
        );
        self.count(good);
    }

    fn count(&mut self, good: bool) {
        self.passed += usize::from(good);
        self.failed += usize::from(!good);
    }
}
