//! F28, decision 39: the wall clock jumps by an hour under load, and is wrong at two starts. Order, leases and times to live
//! do not notice; and what was begun, ended, written or refused while it was wrong is as it should be once it is right.

mod accounts;
mod chat;

use std::{fs, time::Duration};

use anyhow::{Result, ensure};
use tokio::time::{Instant, sleep};

use super::load;
use crate::{
    nemesis::Fault,
    plan::{Mode, Plan, Size},
    run::run_under_load,
    shifted_clock::ShiftedClock,
    target::{AllInOne, Target},
};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// # Errors
/// A promise was broken while the clock was wrong, or afterwards.
pub async fn nothing_rests_on_it(mode: Mode, size: Size) -> Result<()> {
    let clock = ShiftedClock::new()?;
    let mut target = Target::AllInOne(AllInOne::start_with(clock.env()).await?);
    let plan = load(mode, size, size.of(150, 200));
    let report = run_under_load(&mut target, &plan, async |target, setup| {
        let faults = jumps(target, &clock, &plan).await?;
        chat::never_older(setup).await?;
        Ok(faults)
    })
    .await?;
    report.verify(&plan)?;
    chat::rooms_are_in_order(&target, &clock).await?;
    chat::states_end_in_time(&target, &clock).await?;
    accounts::no_earlier_session_is_left(&target, &clock).await?;
    accounts::no_start_sweeps_what_counts(&mut target, &clock).await?;
    accounts::no_lock_outlasts_its_longest(&target, &clock).await?;
    let log = fs::read_to_string(target.all_in_one()?.log())?;
    ensure!(!log.contains("panicked"), "there was a panic");
    target.end().await
}

/// Ahead and behind by an hour: at run time, and at a start.
async fn jumps(target: &mut Target, clock: &ShiftedClock, plan: &Plan) -> Result<Vec<Fault>> {
    let each = Duration::from_secs((plan.messages / plan.rate).into()) / 8;
    let mut faults = Vec::new();
    for shift in [HOUR, -HOUR, 0] {
        let began = Instant::now();
        clock.set(shift)?;
        sleep(each).await;
        faults.push(Fault {
            began,
            ended: Instant::now(),
        });
    }
    for shift in [HOUR, -HOUR] {
        let began = Instant::now();
        start_at(target, clock, shift).await?;
        sleep(each).await;
        clock.set(0)?;
        faults.push(Fault {
            began,
            ended: Instant::now(),
        });
    }
    Ok(faults)
}

/// Kills the process and starts it with a clock that is ahead by so many seconds.
async fn start_at(target: &mut Target, clock: &ShiftedClock, shift: i64) -> Result<()> {
    target.kill("colloquy").await?;
    clock.set(shift)?;
    target.revive("colloquy").await
}
