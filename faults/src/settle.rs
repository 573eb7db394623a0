//! After the faults the system has its time to converge, and then all sources must agree.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result};
use colloquy_e2e::client::Client;
use tokio::time::{Instant, sleep};

use crate::{
    audit::{Findings, audit},
    customers::CUSTOMERS,
    evidence::{Evidence, shown},
    history::Call,
    subscriber_log::SubscriberLog,
    target::Target,
};

/// How long the system may take to converge when the faults have stopped (promise P5).
const CONVERGENCE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the audit goes on when an anomaly is final already, to find what else is broken.
const FINAL_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the audit has to stay clean, so that a late or repeated push is found.
const CLEAN_FOR: Duration = Duration::from_secs(2);
/// How often the stores are read and audited.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// The result of the last audit.
pub struct Settled {
    pub findings: Findings,
    /// Messages in the write store.
    pub stored: usize,
    /// Connections of all subscribers.
    pub connections: usize,
}

/// Audits again and again until the result stays clean, or until the time is over.
///
/// # Errors
/// A store or the queries cannot be read when the time is over.
pub async fn settle(
    target: &Target,
    clients: &[Client],
    run: u64,
    calls: &[Call],
    logs: &[Arc<Mutex<SubscriberLog>>],
) -> Result<Settled> {
    let began = Instant::now();
    let mut clean_since = None;
    loop {
        match read(target, clients, run).await {
            Ok(evidence) => {
                let settled = judge(calls, &evidence, logs);
                let is_clean = settled.findings.is_clean();
                clean_since = is_clean.then(|| clean_since.unwrap_or_else(Instant::now));
                let timeout = if settled.findings.are_final() {
                    FINAL_TIMEOUT
                } else {
                    CONVERGENCE_TIMEOUT
                };
                let is_over = clean_since.map_or(began.elapsed() > timeout, |since| {
                    since.elapsed() >= CLEAN_FOR
                });
                if is_over {
                    return Ok(settled);
                }
            }
            Err(error) if began.elapsed() > CONVERGENCE_TIMEOUT => return Err(error),
            Err(_) => {}
        }
        sleep(POLL_INTERVAL).await;
    }
}

async fn read(target: &Target, clients: &[Client], run: u64) -> Result<Evidence> {
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

fn judge(calls: &[Call], evidence: &Evidence, logs: &[Arc<Mutex<SubscriberLog>>]) -> Settled {
    let logs: Vec<_> = logs
        .iter()
        .map(|log| log.lock().unwrap_or_else(PoisonError::into_inner))
        .collect();
    Settled {
        findings: audit(calls, evidence, &logs),
        stored: evidence.written.messages.len(),
        connections: logs.iter().map(|log| log.connections.len()).sum(),
    }
}
