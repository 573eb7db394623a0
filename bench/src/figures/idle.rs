//! G7: memory of a connection that is authenticated, subscribed and silent; and G8, the CPU that it took to get there.

use std::{rc::Rc, time::Duration};

use anyhow::{Context as _, Result, ensure};
use tokio::time::sleep;

use crate::{
    cli::Idle,
    load::{Crowd, Visitor},
    measure::{Cpu, Spread, machine::load_average, memory::pss_kib},
    server::{Kind, ServerProcess, Tokens},
};

/// Rooms that the connections share.
const ROOMS: usize = 100;

/// What one connection takes.
#[derive(Clone, Copy, Debug)]
struct Run {
    fresh_kib: f64,
    rested_kib: f64,
    connect_micros: f64,
}

/// What came out.
#[derive(Debug)]
pub struct Figure {
    /// What was asked for.
    pub options: Idle,
    /// The push side.
    pub push: Side,
    /// The broadcaster.
    pub baseline: Side,
    /// Before and after.
    pub load_average: [String; 2],
}

/// All runs of one side.
#[derive(Clone, Copy, Debug)]
pub struct Side {
    /// KiB of a connection when all have just subscribed.
    pub fresh_kib: Spread,
    /// KiB of a connection after a while with heart-beats only.
    pub rested_kib: Spread,
    /// CPU from the TCP connection to the confirmed subscription.
    pub connect_micros: Spread,
}

impl Side {
    fn of(runs: &[Run]) -> Option<Self> {
        Some(Self {
            fresh_kib: Spread::of(runs.iter().map(|run| run.fresh_kib))?,
            rested_kib: Spread::of(runs.iter().map(|run| run.rested_kib))?,
            connect_micros: Spread::of(runs.iter().map(|run| run.connect_micros))?,
        })
    }
}

/// Runs all pairs.
///
/// # Errors
/// A server fails, or a connection was lost.
pub async fn measure(options: &Idle) -> Result<Figure> {
    let tokens = Tokens::new()?;
    let sessions = (1..=options.idle_connections)
        .map(|customer| tokens.sign(customer))
        .collect::<Result<Vec<_>>>()?;
    let before = load_average()?;
    let (mut push, mut baseline) = (Vec::new(), Vec::new());
    for pair in 1..=options.idle_pairs {
        push.push(
            run(
                Kind::Push(tokens.folder()),
                authenticated(&sessions),
                options,
            )
            .await?,
        );
        baseline.push(
            run(
                Kind::Broadcaster,
                anonymous(options.idle_connections),
                options,
            )
            .await?,
        );
        let last = |runs: &[Run]| runs.last().map_or(0.0, |run| run.rested_kib);
        eprintln!(
            "pair {pair}: push side {:.2} KiB, broadcaster {:.2} KiB; load average {}",
            last(&push),
            last(&baseline),
            load_average()?
        );
    }
    Ok(Figure {
        options: options.clone(),
        push: Side::of(&push).context("at least one pair is needed")?,
        baseline: Side::of(&baseline).context("at least one pair is needed")?,
        load_average: [before, load_average()?],
    })
}

async fn run(kind: Kind<'_>, visitors: Vec<Visitor>, options: &Idle) -> Result<Run> {
    let connections = visitors.len();
    ensure!(connections > 0, "at least one connection is needed");
    let server = ServerProcess::start(kind, ROOMS)?;
    let (cpu, empty) = (Cpu::of(server.pid())?, pss_kib(server.pid())?);
    let crowd = Crowd::gather(server.address(), visitors).await?;
    let connecting = Cpu::of(server.pid())? - cpu;
    let fresh = pss_kib(server.pid())?;
    sleep(Duration::from_secs(options.idle_seconds)).await;
    let rested = pss_kib(server.pid())?;
    crowd.check()?;
    let each = |kib: u64| kib.saturating_sub(empty) as f64 / connections as f64;
    Ok(Run {
        fresh_kib: each(fresh),
        rested_kib: each(rested),
        connect_micros: connecting.micros_each(connections as u64),
    })
}

fn authenticated(sessions: &[Rc<str>]) -> Vec<Visitor> {
    let visitors = sessions.iter().enumerate().map(|(number, token)| Visitor {
        path: colloquy_websocket::server::PATH.to_owned(),
        token: Some(Rc::clone(token)),
        room: (number % ROOMS + 1) as i64,
    });
    visitors.collect()
}

fn anonymous(connections: usize) -> Vec<Visitor> {
    let visitors = (0..connections).map(|number| {
        let room = number % ROOMS + 1;
        Visitor {
            path: format!("/rooms/{room}"),
            token: None,
            room: room as i64,
        }
    });
    visitors.collect()
}
