//! The quiet after the faults: the system has its time to converge, and then everything must be one story.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result};
use colloquy_e2e::client::Client;
use tokio::time::{Instant, sleep};

use crate::{
    audit::{Findings, audit},
    evidence::{Evidence, shown},
    holding::Holding,
    journal::Call,
    run::CUSTOMERS,
    target::Target,
};

/// How long the system may take to converge when the faults have stopped (promise P5).
const CONVERGE: Duration = Duration::from_secs(30);
/// How long we look on when the verdict is settled already, for what else is broken.
const AFTER_THE_VERDICT: Duration = Duration::from_secs(5);
/// How long it stays clean before that is believed, so that what is pushed late, or once more, is seen.
const QUIET: Duration = Duration::from_secs(2);
/// Stores and subscribers are looked at this often.
const LOOK: Duration = Duration::from_millis(200);

/// What the last look showed.
pub struct Settled {
    pub findings: Findings,
    /// Messages in the write store.
    pub stored: usize,
    /// Connections of all subscribers.
    pub connections: usize,
}

/// Looks until there is nothing to find and nothing comes any more, or until the time is over.
///
/// # Errors
/// A store cannot be read, or rooms are still not shown when the time is over.
pub async fn settle(
    target: &Target,
    clients: &[Client],
    run: u64,
    calls: &[Call],
    holdings: &[Arc<Mutex<Holding>>],
) -> Result<Settled> {
    let began = Instant::now();
    let mut clean_since = None;
    loop {
        match look(target, clients, run).await {
            Ok(evidence) => {
                let settled = judge(calls, &evidence, holdings);
                let is_clean = settled.findings.is_clean();
                clean_since = is_clean.then(|| clean_since.unwrap_or_else(Instant::now));
                let patience = if settled.findings.are_final() {
                    AFTER_THE_VERDICT
                } else {
                    CONVERGE
                };
                let is_over = clean_since
                    .map_or(began.elapsed() > patience, |since| since.elapsed() >= QUIET);
                if is_over {
                    return Ok(settled);
                }
            }
            Err(error) if began.elapsed() > CONVERGE => return Err(error),
            Err(_) => {}
        }
        sleep(LOOK).await;
    }
}

async fn look(target: &Target, clients: &[Client], run: u64) -> Result<Evidence> {
    let mut everything = Vec::new();
    for (customer, client) in CUSTOMERS.iter().zip(clients) {
        everything.extend(shown(customer.id, client).await?);
    }
    let evidence = target.evidence().await.context("reading the stores")?;
    Ok(Evidence {
        shown: everything,
        ..evidence
    }
    .only(run))
}

fn judge(calls: &[Call], evidence: &Evidence, holdings: &[Arc<Mutex<Holding>>]) -> Settled {
    let holdings: Vec<_> = holdings
        .iter()
        .map(|holding| holding.lock().unwrap_or_else(PoisonError::into_inner))
        .collect();
    Settled {
        findings: audit(calls, evidence, &holdings),
        stored: evidence.written.messages.len(),
        connections: holdings
            .iter()
            .map(|holding| holding.connections.len())
            .sum(),
    }
}
