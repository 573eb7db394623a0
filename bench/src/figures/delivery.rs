//! G3: CPU per delivery of the push side, against the broadcaster, in interleaved runs.

use anyhow::{Context as _, Result};

use super::{run::Run, whole};
use crate::{
    cli::Delivery,
    load::{Crowd, Visitor},
    measure::{Cpu, Spread, machine::load_average},
    server::{Kind, ServerProcess, Tokens},
};

/// The rooms have so many different members, as in the all-in-one's demo.
const CUSTOMERS: usize = 3;

/// The result of all runs.
#[derive(Debug)]
pub struct Figure {
    /// What was asked for.
    pub options: Delivery,
    /// The push side.
    pub push: Side,
    /// The broadcaster.
    pub baseline: Side,
    /// The push side over the broadcaster, pair by pair.
    pub ratio: Spread,
    /// The all-in-one process, from the HTTP request to the sockets.
    pub whole: Side,
    /// Before and after.
    pub load_average: [String; 2],
}

/// All runs of one side.
#[derive(Clone, Copy, Debug)]
pub struct Side {
    /// Microseconds for each delivery.
    pub micros: Spread,
    /// The kernel's share.
    pub kernel_share: Spread,
}

impl Side {
    /// Of at least one run.
    #[must_use]
    pub fn of(runs: &[Run]) -> Option<Self> {
        Some(Self {
            micros: Spread::of(runs.iter().map(|run| run.micros))?,
            kernel_share: Spread::of(runs.iter().map(|run| run.kernel_share))?,
        })
    }
}

/// Runs all pairs.
///
/// # Errors
/// A server fails, or a run does not count.
pub async fn measure(options: &Delivery) -> Result<Figure> {
    let tokens = Tokens::new()?;
    let before = load_average()?;
    let (mut push, mut baseline, mut whole) = (Vec::new(), Vec::new(), Vec::new());
    for pair in 1..=options.pairs {
        push.push(run(Kind::Push(tokens.folder()), Some(&tokens), options).await?);
        baseline.push(run(Kind::Broadcaster, None, options).await?);
        whole.push(whole::run(options).await?);
        let last = |runs: &[Run]| runs.last().map_or(0.0, |run| run.micros);
        eprintln!(
            "pair {pair}: push side {:.2} µs, broadcaster {:.2} µs, whole process {:.2} µs; load average {}",
            last(&push),
            last(&baseline),
            last(&whole),
            load_average()?
        );
    }
    let ratios = push
        .iter()
        .zip(&baseline)
        .map(|(push, baseline)| push.micros / baseline.micros);
    Ok(Figure {
        options: options.clone(),
        ratio: Spread::of(ratios).context("at least one pair is needed")?,
        push: Side::of(&push).context("at least one pair is needed")?,
        baseline: Side::of(&baseline).context("at least one pair is needed")?,
        whole: Side::of(&whole).context("at least one pair is needed")?,
        load_average: [before, load_average()?],
    })
}

async fn run(kind: Kind<'_>, tokens: Option<&Tokens>, options: &Delivery) -> Result<Run> {
    let rooms = options.rooms.rooms;
    let mut server = ServerProcess::start(kind, rooms)?;
    let crowd = Crowd::gather(
        server.address(),
        visitors(tokens, options.connections, rooms)?,
    )
    .await?;
    let (warm_up, measured) = (options.warm_up(), options.messages());
    server.publish(options.rate, warm_up)?;
    crowd.received(options.deliveries(warm_up)).await?;

    let before = Cpu::of(server.pid())?;
    server.publish(options.rate, measured)?;
    crowd
        .received(options.deliveries(warm_up + measured))
        .await?;
    let used = Cpu::of(server.pid())? - before;
    Ok(Run::new(used, options.deliveries(measured)))
}

/// Subscribers of rooms that are numbered from 1: of the push side with tokens, of a broadcaster without.
///
/// # Errors
/// A token cannot be signed.
pub fn visitors(tokens: Option<&Tokens>, connections: usize, rooms: usize) -> Result<Vec<Visitor>> {
    let sessions = match tokens {
        Some(tokens) => (1..=CUSTOMERS)
            .map(|customer| tokens.sign(customer).map(Some))
            .collect::<Result<Vec<_>>>()?,
        None => vec![None],
    };
    Ok((0..connections)
        .map(|number| {
            let room = number % rooms + 1;
            let token = sessions[number % sessions.len()].clone();
            Visitor {
                path: match token {
                    Some(_) => colloquy_websocket::server::PATH.to_owned(),
                    None => format!("/rooms/{room}"),
                },
                token,
                room: room as i64,
            }
        })
        .collect())
}
