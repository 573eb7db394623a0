//! G3: CPU per delivery of the push side, against the broadcaster, in interleaved runs.

use anyhow::{Context as _, Result};

use super::whole;
use crate::{
    cli::Delivery,
    load::{Crowd, Visitor},
    measure::{Cpu, Spread, machine::load_average},
    server::{Kind, ServerProcess, Tokens},
};

/// Rooms' members are so many different customers, as in the all-in-one's demo.
const CUSTOMERS: usize = 3;

/// One run: microseconds of CPU for each delivery, and the kernel's share of them.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// Microseconds.
    pub micros: f64,
    /// Between 0 and 1.
    pub kernel_share: f64,
}

/// What came out.
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
    fn of(runs: &[Run]) -> Option<Self> {
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
    let crowd = Crowd::gather(server.address(), visitors(tokens, options)?).await?;
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

fn visitors(tokens: Option<&Tokens>, options: &Delivery) -> Result<Vec<Visitor>> {
    let sessions = match tokens {
        Some(tokens) => (1..=CUSTOMERS)
            .map(|customer| tokens.sign(customer).map(Some))
            .collect::<Result<Vec<_>>>()?,
        None => vec![None],
    };
    Ok((0..options.connections)
        .map(|number| {
            let room = number % options.rooms.rooms + 1;
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

impl Run {
    /// From what a server used for so many deliveries.
    #[must_use]
    pub fn new(used: Cpu, deliveries: u64) -> Self {
        Self {
            micros: used.micros_each(deliveries),
            kernel_share: used.kernel_share(),
        }
    }
}

impl Delivery {
    /// Messages before anything is measured: one second's, and the same number for each room.
    #[must_use]
    pub fn warm_up(&self) -> u64 {
        self.whole_rounds(self.rate)
    }

    /// Messages that are measured.
    #[must_use]
    pub fn messages(&self) -> u64 {
        self.whole_rounds(self.rate * self.seconds)
    }

    /// Deliveries of so many messages, the same number in each room.
    #[must_use]
    pub fn deliveries(&self, messages: u64) -> u64 {
        messages / self.rooms.rooms as u64 * self.connections as u64
    }

    fn whole_rounds(&self, messages: u64) -> u64 {
        messages.next_multiple_of(self.rooms.rooms as u64)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::cli::{Cli, Command};

    #[test]
    fn every_room_gets_as_many_messages_and_every_subscriber_of_it_sees_each() {
        let arguments = [
            "bench",
            "g3",
            "--rate",
            "25",
            "--seconds",
            "2",
            "--connections",
            "40",
        ];
        let Command::G3(options) = Cli::parse_from(arguments).command else {
            panic!("g3 was asked for");
        };
        assert_eq!((options.warm_up(), options.messages()), (30, 50));
        assert_eq!(options.deliveries(options.messages()), 5 * 40);
    }
}
