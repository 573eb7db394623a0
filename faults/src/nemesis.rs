//! Who is killed when, by a seeded chance.

use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::time::{Instant, sleep};

use crate::{plan::Plan, target::Target};

/// From a kill until the victim is ready again.
#[derive(Clone, Debug)]
pub struct Fault {
    pub began: Instant,
    pub ended: Instant,
}

/// Kills every victim as often as the plan says, one at a time, with pauses drawn by chance.
///
/// # Errors
/// A kill did not fire, or a victim did not come back.
pub async fn inject_kills(
    target: &mut Target,
    plan: &Plan,
    chance: &mut fastrand::Rng,
) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for victim in order(target, plan, chance) {
        sleep(Duration::from_millis(chance.u64(50..600))).await;
        let began = Instant::now();
        target
            .kill(&victim)
            .await
            .with_context(|| format!("killing {victim}"))?;
        sleep(Duration::from_millis(chance.u64(50..500))).await;
        target
            .revive(&victim)
            .await
            .with_context(|| format!("reviving {victim}"))?;
        let ended = Instant::now();
        eprintln!("  killed {victim}, back after {:?}", ended - began);
        faults.push(Fault { began, ended });
    }
    Ok(faults)
}

/// Each in turn, round after round; Kafka somewhere in between.
fn order(target: &Target, plan: &Plan, chance: &mut fastrand::Rng) -> Vec<String> {
    let named: Vec<String> = target
        .victims()
        .into_iter()
        .filter(|name| name.contains(&plan.victims))
        .collect();
    let mut order: Vec<String> = (0..plan.kills).flat_map(|_| named.clone()).collect();
    for _ in 0..plan.kafka_kills {
        order.insert(chance.usize(..=order.len()), "kafka".to_owned());
    }
    order
}
