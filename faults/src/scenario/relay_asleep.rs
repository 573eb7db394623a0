//! F07: of two relays the one that holds the lease falls asleep. The other publishes within 5 s, and the woken one
//! brings nothing out of order: the audit checks that the log's first occurrences are 1, 2, 3 … in every room.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use colloquy_e2e::{client::USER2, harness::eventually};
use futures_util::future::try_join_all;
use sqlx::{ConnectOptions as _, postgres::PgConnectOptions};
use tokio::time::{Instant, sleep, timeout_at};

use super::load;
use crate::{
    nemesis::Fault,
    plan::{Build, Mode, Size},
    probe::{Probe, Round},
    run::run_under_load,
    target::{DistributedSystem, Target},
};

/// Every other try goes to the process that sleeps and waits there in vain, so several go at once.
const PROBES: usize = 6;
const PROBE_INTERVAL: Duration = Duration::from_millis(200);
const PUSH_TIMEOUT: Duration = Duration::from_secs(5);
/// What a relay logs when it takes the lease, before the epoch.
const TAKEN: &str = "this instance now holds the relay lease";

/// # Errors
/// Events did not flow, the lease did not change hands, or the audit found something.
pub async fn another_takes_over_in_order(mode: Mode, size: Size) -> Result<()> {
    let mut target = Target::start(mode, Build::Product).await?;
    let asleep = Duration::from_secs(size.of(8, 30));
    let plan = load(mode, size, size.of(100, 200));
    let report = run_under_load(&mut target, &plan, async |target, setup| {
        let system = target.distributed()?;
        let reader = (&setup.clients[1], USER2.id);
        let mut probes = Vec::new();
        for _ in 0..PROBES {
            let mut probe = Probe::new(&setup.clients[0], reader, &target.url()).await?;
            probe.round().await?;
            probes.push(probe);
        }
        let (holder, before) = eventually("a process holds the lease", || holder(system)).await?;
        system.pause(&holder).await?;
        let began = Instant::now();
        let flows = probes.iter_mut().map(|probe| flow(probe, began + asleep));
        let flowed = try_join_all(flows).await;
        let ended = Instant::now();
        system.resume(&holder).await?;
        let rounds: Vec<Round> = flowed?.into_iter().flatten().collect();
        let slowest = |what: fn(&Round) -> Duration| rounds.iter().map(what).max();
        let pushed = slowest(|round| round.pushed_after).context("nothing was pushed")?;
        let after = epoch(system).await?;
        println!(
            "F07: {holder} slept {:?}, the lease went from epoch {before} to {after}; {} messages were pushed at most {pushed:?} after their answer; {} tries met the sleeper, the slowest answer took {:?}",
            ended - began,
            rounds.len(),
            rounds.iter().map(|round| round.failed_tries).sum::<u32>(),
            slowest(|round| round.slowest_answer).unwrap_or_default()
        );
        ensure!(after > before, "no process took the lease over");
        ensure!(pushed <= PUSH_TIMEOUT, "a push came {pushed:?} after its answer");
        Ok(vec![Fault { began, ended }])
    })
    .await?;
    report.verify(&plan)?;
    target.end().await
}

async fn flow(probe: &mut Probe, until: Instant) -> Result<Vec<Round>> {
    let mut rounds = Vec::new();
    // A try that meets the sleeper may take longer than it sleeps.
    while let Ok(round) = timeout_at(until, probe.round()).await {
        rounds.push(round.context("while the relay sleeps")?);
        sleep(PROBE_INTERVAL).await;
    }
    Ok(rounds)
}

/// The process that logged the epoch of the lease, and the epoch.
async fn holder(system: &DistributedSystem) -> Result<Option<(String, i64)>> {
    let epoch = epoch(system).await?;
    for process in system.processes() {
        if process.starts_with("chat-command") && last_epoch(&system.log(&process)?) == Some(epoch)
        {
            return Ok(Some((process, epoch)));
        }
    }
    Ok(None)
}

fn last_epoch(log: &str) -> Option<i64> {
    let line = log.lines().rfind(|line| line.contains(TAKEN))?;
    let digits = line.rsplit(|character: char| !character.is_ascii_digit());
    digits.into_iter().next()?.parse().ok()
}

async fn epoch(system: &DistributedSystem) -> Result<i64> {
    let options: PgConnectOptions = system.stores().postgres.parse()?;
    let mut connection = options.connect().await?;
    let epoch = sqlx::query_scalar("SELECT epoch FROM relay_lease");
    Ok(epoch.fetch_one(&mut connection).await?)
}
