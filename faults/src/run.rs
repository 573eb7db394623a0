//! One run: start, load, faults, quiet, audit, report.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use colloquy_e2e::client::{Client, USER1, USER2, USER3};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::{
    audit::{Findings, audit},
    chaos::{Fault, unleash},
    evidence::Evidence,
    journal::{Call, Journal},
    plan::Plan,
    sender::Sender,
    subscriber::{Holding, Subscriber},
    target::Target,
};

/// How long the system may take to converge when the faults have stopped (promise P5).
const CONVERGE: Duration = Duration::from_secs(30);
/// A store and every subscriber are looked at this often.
const LOOK: Duration = Duration::from_millis(200);
/// The part of the calls that must have met a fault for the run to count.
const OVERLAP: f64 = 0.3;

/// What a run showed.
pub struct Report {
    pub findings: Findings,
    pub calls: usize,
    pub stored: usize,
    pub failed_tries: u64,
    pub faults: usize,
    pub overlap: f64,
    pub reconnects: usize,
}

/// Carries out a plan.
///
/// # Errors
/// The system could not be started, a fault did not fire, or the run does not count.
pub async fn run(plan: &Plan) -> Result<Report> {
    let mut target = Target::start(plan.mode, plan.plant).await?;
    let mut chance = fastrand::Rng::with_seed(plan.seed);
    let clients = clients(&target.url()).await?;
    let rooms = rooms(&clients[0], plan.rooms).await?;
    let journal = Arc::new(Journal::default());
    let (stop, stopped) = watch::channel(false);
    let (subscribers, held) = subscribe(plan, &clients, &rooms, &stopped);
    let mut senders = send(plan, &clients, &rooms, &journal);
    let faults = unleash(&mut target, plan, &mut chance).await?;
    while senders.join_next().await.transpose()?.is_some() {}
    let evidence = settle(&target, &rooms, &held).await?;
    stop.send_replace(true);
    let holdings = subscribers.join_all().await;
    let calls = journal.calls();
    let report = report(plan, &calls, &faults, &evidence, &holdings);
    target.end().await?;
    Ok(report)
}

/// The three demo customers, logged in.
///
/// # Errors
/// One cannot log in.
pub async fn clients(url: &str) -> Result<Vec<Client>> {
    let nobody = Client::new(url)?;
    let mut clients = Vec::new();
    for somebody in [USER1, USER2, USER3] {
        clients.push(nobody.login(somebody.username, somebody.password).await?);
    }
    Ok(clients)
}

async fn rooms(creator: &Client, count: u32) -> Result<Arc<[i64]>> {
    let mut rooms = Vec::new();
    for number in 0..count {
        rooms.push(
            creator
                .create_room(&format!("checked {number}"), &[USER2.id, USER3.id])
                .await?,
        );
    }
    Ok(rooms.into())
}

fn subscribe(
    plan: &Plan,
    clients: &[Client],
    rooms: &Arc<[i64]>,
    stop: &watch::Receiver<bool>,
) -> (JoinSet<Holding>, Vec<Arc<AtomicUsize>>) {
    let mut subscribers = JoinSet::new();
    let mut counters = Vec::new();
    for client in clients.iter().cycle().take(plan.subscribers as usize) {
        let held = Arc::new(AtomicUsize::new(0));
        counters.push(Arc::clone(&held));
        let subscriber = Subscriber {
            client: client.clone(),
            rooms: Arc::clone(rooms),
            held,
            stop: stop.clone(),
        };
        subscribers.spawn(subscriber.follow());
    }
    (subscribers, counters)
}

fn send(
    plan: &Plan,
    clients: &[Client],
    rooms: &Arc<[i64]>,
    journal: &Arc<Journal>,
) -> JoinSet<()> {
    let mut senders = JoinSet::new();
    let run = fastrand::u64(..);
    for number in 0..plan.senders {
        let sender = Sender {
            number,
            client: clients[number as usize % clients.len()].clone(),
            rooms: Arc::clone(rooms),
            journal: Arc::clone(journal),
            pace: plan.pace(),
            chance: fastrand::Rng::with_seed(plan.seed ^ u64::from(number)),
            run,
        };
        senders.spawn(sender.send_all(plan.messages / plan.senders));
    }
    senders
}

/// Waits until views and subscribers hold as much as the write store, or until they had their time; the audit then
/// tells what is missing.
async fn settle(target: &Target, rooms: &[i64], held: &[Arc<AtomicUsize>]) -> Result<Evidence> {
    let end = Instant::now() + CONVERGE;
    loop {
        let evidence = target
            .evidence()
            .await
            .context("reading the stores")?
            .only(rooms);
        let written = evidence.written.len();
        let quiet = evidence.viewed.len() == written
            && evidence.logged.len() >= written
            && held
                .iter()
                .all(|held| held.load(Ordering::Relaxed) == written);
        if quiet || Instant::now() > end {
            return Ok(evidence);
        }
        sleep(LOOK).await;
    }
}

fn report(
    plan: &Plan,
    calls: &[Call],
    faults: &[Fault],
    evidence: &Evidence,
    holdings: &[Holding],
) -> Report {
    let met = |call: &&Call| {
        call.failed_tries > 0
            || faults
                .iter()
                .any(|fault| call.due <= fault.ended && fault.began <= call.ended)
    };
    let connections: usize = holdings
        .iter()
        .map(|holding| holding.connections.len())
        .sum();
    #[expect(clippy::cast_precision_loss, reason = "a share of some thousands")]
    let overlap = calls.iter().filter(met).count() as f64 / calls.len().max(1) as f64;
    Report {
        findings: audit(calls, evidence, holdings),
        calls: calls.len(),
        stored: evidence.written.len(),
        failed_tries: calls.iter().map(|call| u64::from(call.failed_tries)).sum(),
        faults: faults.len(),
        overlap,
        reconnects: connections.saturating_sub(plan.subscribers as usize),
    }
}

/// A run counts only if its faults were felt (reliability.md §2).
///
/// # Errors
/// They were not: what the audit found, or did not, proves nothing.
pub fn check_that_it_counts(plan: &Plan, report: &Report) -> Result<()> {
    if plan.kills == 0 || plan.plant.is_some() {
        return Ok(());
    }
    if report.overlap < OVERLAP {
        bail!(
            "only {:.0} % of the calls met a fault: the run proves nothing",
            report.overlap * 100.0
        );
    }
    if report.failed_tries == 0 || report.reconnects == 0 {
        bail!("no client felt a fault: the run proves nothing");
    }
    Ok(())
}
