//! G4: CPU per delivery while more waits than can be written, so that frames share a write: the push side against a
//! broadcaster with a queue and one write for all that waits, in interleaved runs.
//!
//! Nothing may be lost, so a burst is ordered when the one before the last has arrived: the server never waits for work, and
//! no queue overflows.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::{
    delivery::{Side, visitors},
    run::Run,
};
use crate::{
    cli::Saturation,
    load::Crowd,
    measure::{Cpu, Spread, machine::load_average},
    server::{Kind, ServerProcess, Tokens, broadcaster::QUEUE, feed::AT_ONCE},
};

const WARM_UP: Duration = Duration::from_secs(1);

/// What came out.
#[derive(Debug)]
pub struct Figure {
    /// What was asked for.
    pub options: Saturation,
    /// The push side.
    pub push: Side,
    /// The broadcaster.
    pub baseline: Side,
    /// The push side over the broadcaster, pair by pair.
    pub ratio: Spread,
    /// Before and after.
    pub load_average: [String; 2],
}

/// Runs all pairs.
///
/// # Errors
/// A server fails, or a run does not count.
pub async fn measure(options: &Saturation) -> Result<Figure> {
    ensure!(
        2 * options.burst <= QUEUE as u64,
        "the broadcaster's queue holds {QUEUE} frames, and two bursts are on their way"
    );
    let tokens = Tokens::new()?;
    let before = load_average()?;
    let (mut push, mut baseline) = (Vec::new(), Vec::new());
    for pair in 1..=options.pairs.pairs {
        let ours = run(Kind::Push(tokens.folder()), Some(&tokens), options).await?;
        let least = run(Kind::Coalescing, None, options).await?;
        eprintln!(
            "pair {pair}: push side {:.2} µs, broadcaster {:.2} µs; load average {}",
            ours.micros,
            least.micros,
            load_average()?
        );
        push.push(ours);
        baseline.push(least);
    }
    let ratios = push
        .iter()
        .zip(&baseline)
        .map(|(push, baseline)| push.micros / baseline.micros);
    let none = "at least one pair is needed";
    Ok(Figure {
        options: options.clone(),
        ratio: Spread::of(ratios).context(none)?,
        push: Side::of(&push).context(none)?,
        baseline: Side::of(&baseline).context(none)?,
        load_average: [before, load_average()?],
    })
}

async fn run(kind: Kind<'_>, tokens: Option<&Tokens>, options: &Saturation) -> Result<Run> {
    let rooms = options.rooms.rooms;
    let server = ServerProcess::start(kind, rooms)?;
    let visitors = visitors(tokens, options.connections, rooms)?;
    let mut bursts = Bursts {
        crowd: Crowd::gather(server.address(), visitors).await?,
        server,
        messages: options.burst * rooms as u64,
        deliveries: options.burst * options.connections as u64,
        ordered: 0,
    };
    bursts.keep_up(WARM_UP).await?;
    let (before, already) = (Cpu::of(bursts.server.pid())?, bursts.ordered);
    bursts
        .keep_up(Duration::from_secs(options.pairs.seconds))
        .await?;
    let used = Cpu::of(bursts.server.pid())? - before;
    let delivered = (bursts.ordered - already) * bursts.deliveries;
    Ok(Run::new(used, delivered))
}

/// A server that always has one more burst to deliver.
struct Bursts {
    server: ServerProcess,
    crowd: Crowd,
    /// Of one burst.
    messages: u64,
    /// Of one burst.
    deliveries: u64,
    /// Bursts so far.
    ordered: u64,
}

impl Bursts {
    /// Orders bursts for so long, and waits until everything has arrived, once and in order.
    async fn keep_up(&mut self, time: Duration) -> Result<()> {
        let until = Instant::now() + time;
        while Instant::now() < until {
            // All but the one that was ordered last.
            let arrived = self.ordered.saturating_sub(1) * self.deliveries;
            self.crowd.reached(arrived).await?;
            self.server.publish(AT_ONCE, self.messages)?;
            self.ordered += 1;
        }
        self.crowd.received(self.ordered * self.deliveries).await
    }
}
