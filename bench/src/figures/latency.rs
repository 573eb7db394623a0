//! G12 and G13: from the instant at which a message is due until its clients have it.
//!
//! Open loop: a message is sent when it is due, whatever became of those before it, and all waits count from then.

use std::{net::SocketAddr, rc::Rc, time::Instant};

use anyhow::{Context as _, Result, ensure};
use colloquy_e2e::client::{Client, Person, USER2, USER3};
use tokio::task::JoinSet;

use super::whole;
use crate::{
    cli::{DistributedLatency, EmbeddedLatency, Pace},
    load::{Arrivals, Crowd, Visitor, arrivals, pace},
    measure::{QuantileSpread, Quantiles, Spread, exposition::Recorded, machine::load_average},
};

/// Seconds of messages before those that are measured.
const WARM_UP_SECONDS: u64 = 2;
/// The time of a transaction of the write store.
const COMMIT: &str = "colloquy_command_write_seconds";

/// What came out.
#[derive(Debug)]
pub struct Figure {
    /// How it was sent.
    pub pace: Pace,
    /// Clients that have subscribed to the room.
    pub clients: usize,
    /// Until the send was answered.
    pub answered: QuantileSpread,
    /// Until a client had the message, each client counted.
    pub each: QuantileSpread,
    /// Until the last client had it.
    pub last: QuantileSpread,
    /// The mean of what the commit takes of that, in milliseconds, where the process says so.
    pub commit: Option<Spread>,
    /// Before and after.
    pub load_average: [String; 2],
}

/// One run.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    answered: Quantiles,
    /// Until a client had the message, each client counted.
    pub each: Quantiles,
    last: Quantiles,
}

/// A room, and the clients that listen to it.
pub struct Scene<'a> {
    /// The member who sends.
    pub sender: &'a Client,
    /// The room.
    pub room: i64,
    /// Where the clients connect.
    pub address: SocketAddr,
    /// The clients.
    pub visitors: Vec<Visitor>,
}

/// G12, on an all-in-one process of its own: every member is a customer of its own.
///
/// # Errors
/// The system fails, or a run does not count.
pub async fn embedded(options: &EmbeddedLatency) -> Result<Figure> {
    ensure!(options.members > 1, "a room has at least two members");
    let before = load_average()?;
    let system = whole::instance(options.bin.as_deref()).await?;
    let client = Client::new(&system.url())?;
    let mut people = Vec::new();
    for number in 1..=options.members {
        people.push(Person::newcomer(&client, &format!("Member Number {number}")).await?);
    }
    let sender = &people[0].client;
    let invited: Vec<i64> = people[1..].iter().map(|person| person.id).collect();
    let (mut runs, mut commits) = (Vec::new(), Vec::new());
    for number in 1..=options.pace.runs {
        let name = format!("Latency {number}");
        let room = sender.create_room(&name, &invited).await?;
        let visitors = people
            .iter()
            .map(|person| whole::visitor(&person.client, room));
        let scene = Scene {
            sender,
            room,
            address: whole::address(&system.url())?,
            visitors: visitors.collect::<Result<_>>()?,
        };
        let earlier = Recorded::of(&client, COMMIT).await?;
        runs.push(run(scene, options.pace).await?);
        let commit = Recorded::of(&client, COMMIT).await?.mean_since(earlier);
        commits.push(commit.context("messages were sent, and none was committed")? * 1e3);
    }
    figure(options.pace, options.members, &runs, commits, before)
}

/// G13, on the distributed system that runs: through its public door.
///
/// # Errors
/// As [`embedded`].
pub async fn distributed(options: &DistributedLatency) -> Result<Figure> {
    let before = load_average()?;
    let members = whole::log_in(&Client::new(&options.url)?).await?;
    let mut runs = Vec::new();
    for number in 1..=options.pace.runs {
        let (name, others) = (format!("Latency {number}"), [USER2.id, USER3.id]);
        let room = members[0].create_room(&name, &others).await?;
        let visitors = members.iter().cycle().take(options.subscribers);
        let visitors = visitors.map(|member| whole::visitor(member, room));
        let scene = Scene {
            sender: &members[0],
            room,
            address: whole::address(&options.url)?,
            visitors: visitors.collect::<Result<_>>()?,
        };
        runs.push(run(scene, options.pace).await?);
    }
    figure(options.pace, options.subscribers, &runs, Vec::new(), before)
}

fn figure(
    pace: Pace,
    clients: usize,
    runs: &[Run],
    commits: Vec<f64>,
    load_before: String,
) -> Result<Figure> {
    let none = "at least one run is needed";
    Ok(Figure {
        pace,
        clients,
        answered: QuantileSpread::of(runs.iter().map(|run| run.answered)).context(none)?,
        each: QuantileSpread::of(runs.iter().map(|run| run.each)).context(none)?,
        last: QuantileSpread::of(runs.iter().map(|run| run.last)).context(none)?,
        commit: Spread::of(commits),
        load_average: [load_before, load_average()?],
    })
}

/// Sends at that pace, and waits until each client has each message, once and in order.
///
/// # Errors
/// The system fails, or the run does not count.
pub async fn run(scene: Scene<'_>, pace: Pace) -> Result<Run> {
    let Scene {
        sender,
        room,
        address,
        visitors,
    } = scene;
    let (clients, notes) = (visitors.len(), Rc::new(Arrivals::default()));
    ensure!(clients > 0, "at least one client is needed");
    let crowd = Crowd::gather_noting(address, visitors, Some(Rc::clone(&notes))).await?;
    let warm_up = pace.rate * WARM_UP_SECONDS;
    let count = warm_up + pace.rate * pace.seconds;
    let sent = send(sender, room, pace.rate, count).await?;
    crowd.received(count * clients as u64).await?;

    let (mut answered, mut each, mut last) = (Vec::new(), Vec::new(), Vec::new());
    for message in sent.iter().filter(|message| message.number >= warm_up) {
        let arrived = notes.of(usize::try_from(message.number)?);
        ensure!(
            arrived.len() == clients,
            "message {} came to {} of {clients} clients",
            message.number,
            arrived.len()
        );
        answered.push(message.answered - message.due);
        each.extend(arrived.iter().map(|at| at.duration_since(message.due)));
        last.extend(
            arrived
                .iter()
                .max()
                .map(|at| at.duration_since(message.due)),
        );
    }
    let none = "at least one message is needed";
    Ok(Run {
        answered: Quantiles::of(answered).context(none)?,
        each: Quantiles::of(each).context(none)?,
        last: Quantiles::of(last).context(none)?,
    })
}

/// A message that was sent.
struct Sent {
    number: u64,
    due: Instant,
    answered: Instant,
}

/// Open loop: a slow answer delays no other message.
async fn send(sender: &Client, room: i64, rate: u64, count: u64) -> Result<Vec<Sent>> {
    let (mut numbers, mut sending) = (pace::at(rate, count), JoinSet::new());
    while let Some((number, due)) = numbers.recv().await {
        let (sender, content) = (sender.clone(), arrivals::content(usize::try_from(number)?));
        sending.spawn_local(async move {
            sender.send(room, &content, None).await?;
            let answered = Instant::now();
            anyhow::Ok(Sent {
                number,
                due,
                answered,
            })
        });
    }
    let mut sent = Vec::new();
    while let Some(one) = sending.join_next().await {
        sent.push(one??);
    }
    Ok(sent)
}
