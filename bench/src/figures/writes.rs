//! Durable sends through the whole system, with so many on their way at any time, and the CPU of each.
//!
//! A send counts when it is answered with 200: then it is committed. At the end the history of each room is compared with
//! what was acknowledged.

use std::{rc::Rc, time::Duration};

use anyhow::{Context as _, Result, ensure};
use colloquy_e2e::{
    client::{CallError, Client, USER1, USER2},
    harness::{Instance, eventually},
};
use tokio::{task::JoinSet, time::Instant};

use super::whole;
use crate::{
    cli::Writes,
    measure::{
        distributed::{self, Distributed},
        machine::load_average,
    },
    server::feed::CONTENT_OCTETS,
};

/// So many rooms share the sends, as evenly as they can.
const ROOMS: usize = 10;
const WARM_UP: Duration = Duration::from_secs(2);

/// What came out.
#[derive(Debug)]
pub struct Figure {
    /// What was asked for.
    pub options: Writes,
    /// One for each number of sends on their way.
    pub rows: Vec<Row>,
    /// Before and after.
    pub load_average: [String; 2],
}

/// One number of sends on their way.
#[derive(Debug)]
pub struct Row {
    /// That number.
    pub in_flight: usize,
    /// Acknowledged sends in a second.
    pub per_second: f64,
    /// Each process, the sum of ours, the sum of the parts: milliseconds of CPU for each send.
    pub millis: Vec<(String, f64)>,
}

/// The system that is measured.
pub struct System {
    url: String,
    processes: Distributed,
    /// Ends with this.
    _instance: Option<Instance>,
}

/// Measures the distributed system that runs at a URL, or an all-in-one process of its own.
///
/// # Errors
/// The system fails, or an acknowledged message is not in its room.
pub async fn measure(options: &Writes) -> Result<Figure> {
    let load_before = load_average()?;
    let system = System::of(options).await?;
    let client = Client::new(&system.url)?;
    let sender = client.login(USER1.username, USER1.password).await?;
    let mut rows = Vec::new();
    for &in_flight in &options.in_flight {
        rows.push(row(&system, &sender, in_flight, options.seconds).await?);
    }
    Ok(Figure {
        options: options.clone(),
        rows,
        load_average: [load_before, load_average()?],
    })
}

/// Measures one number of sends on their way, in rooms of its own.
///
/// # Errors
/// The system fails, or an acknowledged message is not in its room.
pub async fn row(system: &System, sender: &Client, in_flight: usize, seconds: u64) -> Result<Row> {
    let mut rooms = Vec::new();
    for number in 0..ROOMS.min(in_flight) {
        rooms.push(
            sender
                .create_room(&format!("Writes {number}"), &[USER2.id])
                .await?,
        );
    }
    let rooms: Rc<[i64]> = rooms.into();
    let warm = send(sender, &rooms, in_flight, WARM_UP).await?;
    let Distributed { ours, parts } = &system.processes;
    let before = distributed::used(ours.iter().chain(parts))?;
    let begun = Instant::now();
    let sent = send(sender, &rooms, in_flight, Duration::from_secs(seconds)).await?;
    let elapsed = begun.elapsed().as_secs_f64();
    let mut millis = Vec::new();
    for (sum, processes) in [("**ours**", ours), ("**parts**", parts)] {
        let mut total = 0.0;
        for (name, pid) in processes {
            let nanos = distributed::nanos_since(&before, *pid)?;
            let each = nanos as f64 / 1e6 / sent.count as f64;
            total += each;
            millis.push((name.clone(), each));
        }
        millis.push((sum.to_owned(), total));
    }
    let acknowledged = warm.count + sent.count;
    let mut stored = 0;
    for (&room, &newest) in rooms.iter().zip(&sent.newest) {
        stored += newest_seq(sender, room, newest).await?;
    }
    ensure!(
        i64::try_from(acknowledged) == Ok(stored),
        "{acknowledged} were acknowledged, and {stored} are there"
    );
    Ok(Row {
        in_flight,
        per_second: sent.count as f64 / elapsed,
        millis,
    })
}

/// The newest seq of a room's history, which may still be on its way there.
///
/// # Errors
/// It does not get there.
pub async fn newest_seq(sender: &Client, room: i64, acknowledged: i64) -> Result<i64> {
    eventually("the history of a room", async || {
        match sender.history_from(room, acknowledged).await {
            Ok(history) => Ok(history.iter().map(|message| message.seq).max()),
            Err(CallError::Refused(answer)) if answer.status == 503 => Ok(None),
            Err(error) => Err(error.into()),
        }
    })
    .await
}

/// What was acknowledged.
struct Sent {
    count: u64,
    /// The newest seq of each room.
    newest: Vec<i64>,
}

/// Keeps so many sends on their way.
async fn send(
    sender: &Client,
    rooms: &Rc<[i64]>,
    in_flight: usize,
    time: Duration,
) -> Result<Sent> {
    let content: Rc<str> = "x".repeat(CONTENT_OCTETS).into();
    let (until, mut sending) = (Instant::now() + time, JoinSet::new());
    for number in 0..in_flight {
        let (sender, content, rooms) = (sender.clone(), Rc::clone(&content), Rc::clone(rooms));
        sending.spawn_local(async move {
            let (place, mut count, mut newest) = (number % rooms.len(), 0, 0);
            while Instant::now() < until {
                newest = sender.send(rooms[place], &content, None).await?.seq;
                count += 1;
            }
            anyhow::Ok((place, count, newest))
        });
    }
    let mut sent = Sent {
        count: 0,
        newest: vec![0; rooms.len()],
    };
    while let Some(of_one) = sending.join_next().await {
        let (place, count, newest) = of_one??;
        sent.count += count;
        sent.newest[place] = sent.newest[place].max(newest);
    }
    Ok(sent)
}

impl System {
    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The one that runs at a URL, or a process of its own.
    ///
    /// # Errors
    /// None runs, or there is no binary.
    pub async fn of(options: &Writes) -> Result<Self> {
        if let Some(url) = &options.url {
            return Ok(Self {
                url: url.clone(),
                processes: Distributed::running()?,
                _instance: None,
            });
        }
        let instance = whole::instance(options.bin.as_deref()).await?;
        let pid = instance.pid().context("the system runs")?;
        Ok(Self {
            url: instance.url(),
            processes: Distributed {
                ours: vec![("all in one".into(), pid)],
                parts: Vec::new(),
            },
            _instance: Some(instance),
        })
    }
}
