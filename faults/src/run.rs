//! One run: start, load, faults, quiet, audit, report.

use std::sync::{Arc, Mutex};

use anyhow::{Result, bail};
use colloquy_e2e::client::{Client, Seeded, USER1, USER2, USER3};
use tokio::{sync::watch, task::JoinSet, time::Instant};

use crate::{
    audit::Findings,
    chaos::{Fault, unleash},
    holding::Holding,
    journal::{Call, Deed, Journal, Outcome},
    plan::Plan,
    sender::Sender,
    settle::{Settled, settle},
    subscriber::Subscriber,
    target::Target,
};

/// Who sends and follows.
pub const CUSTOMERS: [Seeded; 3] = [USER1, USER2, USER3];
/// The part of the calls that must have met a fault for the run to count.
const OVERLAP: f64 = 0.3;

/// What a run showed.
pub struct Report {
    pub findings: Findings,
    pub calls: usize,
    pub acknowledged: usize,
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
    let mut target = Target::start(plan.mode, plan.build()).await?;
    let mut chance = fastrand::Rng::with_seed(plan.seed);
    let clients = clients(&target.url()).await?;
    let journal = Arc::new(Journal::default());
    let run = fastrand::u64(..);
    let rooms = rooms(&clients[0], plan.rooms, run, &journal).await?;
    let (stop, stopped) = watch::channel(false);
    let (subscribers, holdings) = subscribe(plan, &clients, &rooms, &stopped);
    let (calmed, calm) = watch::channel(None);
    let cast = Cast {
        clients: &clients,
        rooms: &rooms,
        journal: &journal,
        run,
        calm,
    };
    let mut senders = send(plan, &cast);
    let faults = unleash(&mut target, plan, &mut chance).await?;
    calmed.send_replace(Some(Instant::now()));
    while senders.join_next().await.transpose()?.is_some() {}
    let calls = journal.calls();
    let settled = settle(&target, &clients, run, &calls, &holdings).await?;
    stop.send_replace(true);
    subscribers.join_all().await;
    target.end().await?;
    Ok(report(plan, &calls, &faults, settled))
}

/// The three demo customers, logged in.
///
/// # Errors
/// One cannot log in.
pub async fn clients(url: &str) -> Result<Vec<Client>> {
    let nobody = Client::new(url)?;
    let mut clients = Vec::new();
    for somebody in CUSTOMERS {
        clients.push(nobody.login(somebody.username, somebody.password).await?);
    }
    Ok(clients)
}

/// The rooms everybody is in, made before anything goes wrong.
async fn rooms(creator: &Client, count: u32, run: u64, journal: &Journal) -> Result<Arc<[i64]>> {
    let mut rooms = Vec::new();
    for number in 0..count {
        let name = format!("{run}-checked-{number}");
        let began = Instant::now();
        let id = creator.create_room(&name, &[USER2.id, USER3.id]).await?;
        rooms.push(id);
        journal.record(Call {
            deed: Deed::Room {
                name,
                creator: USER1.id,
                participants: CUSTOMERS.map(|customer| customer.id).to_vec(),
                outcome: Outcome::Ok(id),
            },
            failed_tries: 0,
            due: began,
            began,
            ended: Instant::now(),
        });
    }
    Ok(rooms.into())
}

type Holdings = Vec<Arc<Mutex<Holding>>>;

fn subscribe(
    plan: &Plan,
    clients: &[Client],
    rooms: &Arc<[i64]>,
    stop: &watch::Receiver<bool>,
) -> (JoinSet<()>, Holdings) {
    let mut subscribers = JoinSet::new();
    let mut holdings = Holdings::new();
    for client in clients.iter().cycle().take(plan.subscribers as usize) {
        let holding = Arc::default();
        holdings.push(Arc::clone(&holding));
        let subscriber = Subscriber {
            client: client.clone(),
            rooms: Arc::clone(rooms),
            holding,
            stop: stop.clone(),
        };
        subscribers.spawn(subscriber.follow());
    }
    (subscribers, holdings)
}

/// What all senders share.
struct Cast<'a> {
    clients: &'a [Client],
    rooms: &'a Arc<[i64]>,
    journal: &'a Arc<Journal>,
    run: u64,
    calm: watch::Receiver<Option<Instant>>,
}

fn send(plan: &Plan, cast: &Cast<'_>) -> JoinSet<()> {
    let mut senders = JoinSet::new();
    for number in 0..plan.senders {
        let who = number as usize % CUSTOMERS.len();
        let customer = CUSTOMERS[who].id;
        let others = CUSTOMERS.iter().map(|other| other.id);
        let sender = Sender {
            number,
            customer,
            others: others.filter(|other| *other != customer).collect(),
            client: cast.clients[who].clone(),
            rooms: Arc::clone(cast.rooms),
            journal: Arc::clone(cast.journal),
            pace: plan.pace(),
            chance: fastrand::Rng::with_seed(plan.seed ^ u64::from(number)),
            run: cast.run,
            calm: cast.calm.clone(),
        };
        senders.spawn(sender.send_all(plan.messages / plan.senders));
    }
    senders
}

fn report(plan: &Plan, calls: &[Call], faults: &[Fault], settled: Settled) -> Report {
    let met = |call: &&Call| {
        call.failed_tries > 0
            || faults
                .iter()
                .any(|fault| call.due <= fault.ended && fault.began <= call.ended)
    };
    #[expect(clippy::cast_precision_loss, reason = "a share of some thousands")]
    let overlap = calls.iter().filter(met).count() as f64 / calls.len().max(1) as f64;
    Report {
        findings: settled.findings,
        calls: calls.len(),
        acknowledged: calls.iter().filter(|call| call.deed.is_done()).count(),
        stored: settled.stored,
        failed_tries: calls.iter().map(|call| u64::from(call.failed_tries)).sum(),
        faults: faults.len(),
        overlap,
        reconnects: settled
            .connections
            .saturating_sub(plan.subscribers as usize),
    }
}

/// A run counts only if something was sent and its faults were felt (reliability.md §2).
///
/// # Errors
/// They were not: what the audit found, or did not, proves nothing.
pub fn check_that_it_counts(plan: &Plan, report: &Report) -> Result<()> {
    if report.stored == 0 {
        bail!("no message is stored: the run proves nothing");
    }
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
