//! One run: start, load, faults, quiet, audit, report.

use std::sync::{Arc, Mutex};

use anyhow::Result;
use colloquy_e2e::{
    client::{Client, Seeded, USER1, USER2, USER3},
    harness::eventually,
};
use tokio::{sync::watch, task::JoinSet, time::Instant};

use crate::{
    chaos::{Fault, unleash},
    holding::Holding,
    journal::{Call, Deed, Journal, Outcome},
    plan::Plan,
    report::Report,
    sender::Sender,
    settle::settle,
    subscriber::Subscriber,
    target::Target,
};

/// Who sends and follows.
pub const CUSTOMERS: [Seeded; 3] = [USER1, USER2, USER3];

/// What a fault can make use of while the load runs.
pub struct Stage {
    /// The three demo customers.
    pub clients: Vec<Client>,
    /// The rooms that everybody writes to.
    pub rooms: Arc<[i64]>,
}

/// Carries out a plan.
///
/// # Errors
/// The system could not be started, a fault did not fire, or the run does not count.
pub async fn run(plan: &Plan) -> Result<Report> {
    let mut target = Target::start(plan.mode, plan.build()).await?;
    let mut chance = fastrand::Rng::with_seed(plan.seed);
    let kills = async |target: &mut Target, _: &Stage| unleash(target, plan, &mut chance).await;
    let report = under(&mut target, plan, kills).await?;
    target.end().await?;
    Ok(report)
}

/// Puts a running system under the plan's load and lets `hurt` have its way meanwhile, then lets it settle and audits it.
///
/// # Errors
/// A fault did not fire, or what `hurt` looked at was wrong.
pub async fn under(
    target: &mut Target,
    plan: &Plan,
    hurt: impl AsyncFnOnce(&mut Target, &Stage) -> Result<Vec<Fault>>,
) -> Result<Report> {
    let clients = clients(&target.url()).await?;
    let journal = Arc::new(Journal::default());
    let run = fastrand::u64(..);
    let rooms = rooms(&clients[0], plan.rooms, run, &journal).await?;
    let stage = Stage { clients, rooms };
    let (stop, stopped) = watch::channel(false);
    let (subscribers, holdings) = subscribe(plan, &stage, &stopped);
    let (calmed, calm) = watch::channel(None);
    let mut senders = send(plan, &stage, &journal, run, &calm);
    let faults = hurt(target, &stage).await?;
    calmed.send_replace(Some(Instant::now()));
    while senders.join_next().await.transpose()?.is_some() {}
    let calls = journal.calls();
    let settled = settle(target, &stage.clients, run, &calls, &holdings).await?;
    stop.send_replace(true);
    subscribers.join_all().await;
    Ok(Report::new(plan, &calls, &faults, settled))
}

/// The three demo customers, logged in.
///
/// # Errors
/// One cannot log in.
pub async fn clients(url: &str) -> Result<Vec<Client>> {
    let nobody = Client::new(url)?;
    let mut clients = Vec::new();
    for somebody in CUSTOMERS {
        // The run before may have left something that just comes back.
        let client = eventually("a login", || async {
            Ok(nobody
                .login(somebody.username, somebody.password)
                .await
                .ok())
        });
        clients.push(client.await?);
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

fn subscribe(plan: &Plan, stage: &Stage, stop: &watch::Receiver<bool>) -> (JoinSet<()>, Holdings) {
    let mut subscribers = JoinSet::new();
    let mut holdings = Holdings::new();
    for client in stage.clients.iter().cycle().take(plan.subscribers as usize) {
        let holding = Arc::default();
        holdings.push(Arc::clone(&holding));
        let subscriber = Subscriber {
            client: client.clone(),
            rooms: Arc::clone(&stage.rooms),
            holding,
            stop: stop.clone(),
        };
        subscribers.spawn(subscriber.follow());
    }
    (subscribers, holdings)
}

fn send(
    plan: &Plan,
    stage: &Stage,
    journal: &Arc<Journal>,
    run: u64,
    calm: &watch::Receiver<Option<Instant>>,
) -> JoinSet<()> {
    let mut senders = JoinSet::new();
    for number in 0..plan.senders {
        let who = number as usize % CUSTOMERS.len();
        let customer = CUSTOMERS[who].id;
        let others = CUSTOMERS.iter().map(|other| other.id);
        let sender = Sender {
            number,
            customer,
            others: others.filter(|other| *other != customer).collect(),
            client: stage.clients[who].clone(),
            rooms: Arc::clone(&stage.rooms),
            journal: Arc::clone(journal),
            pace: plan.pace(),
            chance: fastrand::Rng::with_seed(plan.seed ^ u64::from(number)),
            run,
            calm: calm.clone(),
        };
        senders.spawn(sender.send_all(plan.messages / plan.senders));
    }
    senders
}
