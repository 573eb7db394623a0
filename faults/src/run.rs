//! One run: start, load, faults, convergence, audit, report.

use std::sync::{Arc, Mutex};

use anyhow::Result;
use colloquy_e2e::client::{Client, USER1, USER2, USER3};
use tokio::{sync::watch, task::JoinSet, time::Instant};

use crate::{
    customers::{CUSTOMERS, clients},
    history::{Call, History, Op, Outcome},
    nemesis::{Fault, inject_kills},
    plan::Plan,
    report::Report,
    sender::Sender,
    settle::settle,
    subscriber::Subscriber,
    subscriber_log::SubscriberLog,
    target::Target,
};

/// The clients and rooms of a run, for its faults and scenarios to use while the load runs.
pub struct Setup {
    /// The three demo customers.
    pub clients: Vec<Client>,
    /// The rooms that all senders write to.
    pub rooms: Arc<[i64]>,
}

/// Carries out a plan.
///
/// # Errors
/// The system could not be started, a fault did not fire, or the run does not count.
pub async fn run(plan: &Plan) -> Result<Report> {
    let mut target = Target::start(plan.mode, plan.build()).await?;
    let mut chance = fastrand::Rng::with_seed(plan.seed);
    let kills =
        async |target: &mut Target, _: &Setup| inject_kills(target, plan, &mut chance).await;
    let report = run_under_load(&mut target, plan, kills).await?;
    target.end().await?;
    Ok(report)
}

/// Puts a running system under the plan's load while `inject` injects faults, then lets it converge and audits it.
///
/// # Errors
/// A fault did not fire, or a check of `inject` failed.
pub async fn run_under_load(
    target: &mut Target,
    plan: &Plan,
    inject: impl AsyncFnOnce(&mut Target, &Setup) -> Result<Vec<Fault>>,
) -> Result<Report> {
    let clients = clients(&target.url()).await?;
    let history = Arc::new(History::default());
    let run = fastrand::u64(..);
    let rooms = rooms(&clients[0], plan.rooms, run, &history).await?;
    let setup = Setup { clients, rooms };
    let (stop, stopped) = watch::channel(false);
    let (subscribers, logs) = subscribe(plan, &setup, &stopped);
    let (calmed, calm) = watch::channel(None);
    let mut senders = send(plan, &setup, &history, run, &calm);
    let faults = inject(target, &setup).await?;
    calmed.send_replace(Some(Instant::now()));
    while senders.join_next().await.transpose()?.is_some() {}
    let calls = history.calls();
    let settled = settle(target, &setup.clients, run, &calls, &logs).await?;
    stop.send_replace(true);
    subscribers.join_all().await;
    Ok(Report::new(plan, &calls, &faults, settled))
}

/// The rooms of all customers, created before the first fault.
async fn rooms(creator: &Client, count: u32, run: u64, history: &History) -> Result<Arc<[i64]>> {
    let mut rooms = Vec::new();
    for number in 0..count {
        let name = format!("{run}-checked-{number}");
        let began = Instant::now();
        let id = creator.create_room(&name, &[USER2.id, USER3.id]).await?;
        rooms.push(id);
        history.record(Call {
            op: Op::Room {
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

type SubscriberLogs = Vec<Arc<Mutex<SubscriberLog>>>;

fn subscribe(
    plan: &Plan,
    setup: &Setup,
    stop: &watch::Receiver<bool>,
) -> (JoinSet<()>, SubscriberLogs) {
    let mut subscribers = JoinSet::new();
    let mut logs = SubscriberLogs::new();
    for client in setup.clients.iter().cycle().take(plan.subscribers as usize) {
        let log = Arc::default();
        logs.push(Arc::clone(&log));
        let subscriber = Subscriber {
            client: client.clone(),
            rooms: Arc::clone(&setup.rooms),
            log,
            stop: stop.clone(),
        };
        subscribers.spawn(subscriber.follow());
    }
    (subscribers, logs)
}

fn send(
    plan: &Plan,
    setup: &Setup,
    history: &Arc<History>,
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
            client: setup.clients[who].clone(),
            rooms: Arc::clone(&setup.rooms),
            history: Arc::clone(history),
            pace: plan.pace(),
            chance: fastrand::Rng::with_seed(plan.seed ^ u64::from(number)),
            run,
            calm: calm.clone(),
        };
        senders.spawn(sender.send_all(plan.messages / plan.senders));
    }
    senders
}
