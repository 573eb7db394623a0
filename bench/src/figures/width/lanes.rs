//! Would a node be faster with lanes: several tasks, each of which pushes the rooms that fall to it? Frames a second into the
//! queues of subscribers with one task for all rooms, as it is, and with lanes behind the one that reads.
//!
//! More lanes than cores cannot be measured. What they would do follows from what was: the task that reads takes so
//! long for a record, and a lane so long for its frames, and the slower of the two is the limit.

use std::{process, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use colloquy_chassis::{Clock, Lifecycle, SystemClock, Tasks};
use colloquy_event_log::Record;
use colloquy_websocket::fanout::{pushed::Pushed, recent::CAPACITY, registry::Registry};
use tokio::{
    runtime::{Builder, Runtime},
    sync::mpsc,
    time::{Instant, sleep},
};

use super::{DELIVERED_ROOMS, ROOM_INTERVAL, drain, followed, records};
use crate::{
    cli::Width,
    measure::{Cpu, Spread, cpu::nanos_of_this_thread},
};

/// As many as the consumer reads at once.
const BATCH: usize = 256;
/// Batches that may wait for one lane.
const WAITING: usize = 4;
/// The numbers of lanes that are not measured.
pub const MODELLED: [usize; 3] = [1, 2, 4];

/// What came out.
#[derive(Debug)]
pub struct Figure {
    /// One task reads and pushes.
    pub inline: Side,
    /// With one lane, and with two.
    pub lanes: [Side; 2],
    /// Frames a second of the lanes over those of one task, pair by pair.
    pub ratios: [Spread; 2],
    /// Nanoseconds of CPU of the task that reads, for each record that it shares among two lanes.
    pub share_nanos: Spread,
}

/// Several runs.
#[derive(Debug)]
pub struct Side {
    /// Thousands of frames a second.
    pub kilo_frames: Spread,
    /// Nanoseconds of CPU for each frame.
    pub nanos: Spread,
}

impl Figure {
    /// Thousands of frames a second with so many lanes, each on a core of its own and the reader on another, by what was
    /// measured.
    #[must_use]
    pub fn modelled(&self, lanes: usize, subscribers: usize) -> f64 {
        let frame = self.lanes[0].nanos.median / lanes as f64;
        let reader = self.share_nanos.median / subscribers as f64;
        1e6 / frame.max(reader)
    }
}

/// What each lane has of its node.
#[derive(Clone)]
struct Node {
    registry: Arc<Registry>,
    clock: Arc<dyn Clock>,
}

/// One run.
struct Run {
    kilo_frames: f64,
    /// Of CPU for each frame.
    nanos: f64,
    /// Of CPU of the thread that reads, for each record.
    reader_nanos: f64,
}

/// Runs all pairs, on as many threads as the product has.
pub fn measure(options: &Width) -> Result<Figure> {
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let records = records::messages(DELIVERED_ROOMS, options.records);
    let mut runs = [0, 1, 2].map(|lanes| (lanes, Vec::new()));
    for _ in 0..options.pairs {
        for (lanes, runs) in &mut runs {
            runs.push(run(&runtime, &records, *lanes, options.subscribers)?);
        }
    }
    let [(_, inline), (_, one), (_, two)] = &runs;
    let ratio = |lanes: &[Run]| {
        let pairs = inline.iter().zip(lanes);
        Spread::of(pairs.map(|(inline, lanes)| lanes.kilo_frames / inline.kilo_frames))
    };
    let ratio = |lanes| ratio(lanes).context("at least one pair is needed");
    Ok(Figure {
        ratios: [ratio(one)?, ratio(two)?],
        share_nanos: Spread::of(two.iter().map(|run| run.reader_nanos))
            .context("at least one pair is needed")?,
        lanes: [Side::of(one)?, Side::of(two)?],
        inline: Side::of(inline)?,
    })
}

impl Side {
    fn of(runs: &[Run]) -> Result<Self> {
        let spread = |of: fn(&Run) -> f64| {
            Spread::of(runs.iter().map(of)).context("at least one pair is needed")
        };
        Ok(Self {
            kilo_frames: spread(|run| run.kilo_frames)?,
            nanos: spread(|run| run.nanos)?,
        })
    }
}

/// Without a lane it is as the node does it.
fn run(runtime: &Runtime, records: &[Record], lanes: usize, subscribers: usize) -> Result<Run> {
    let (registry, queues) = followed(subscribers);
    let registry = Arc::new(registry);
    let batches = records.chunks(BATCH).map(<[Record]>::to_vec).collect();
    let (before, reader) = (Cpu::of(process::id())?, nanos_of_this_thread()?);
    let begun = Instant::now();
    runtime.block_on(push(batches, &registry, lanes));
    let elapsed = begun.elapsed();
    let reader = nanos_of_this_thread()? - reader;
    let used = Cpu::of(process::id())? - before;
    drain(&queues);
    let frames = (records.len() * subscribers) as f64;
    Ok(Run {
        kilo_frames: frames / elapsed.as_secs_f64() / 1e3,
        nanos: used.nanos as f64 / frames,
        reader_nanos: reader as f64 / records.len() as f64,
    })
}

async fn push(batches: Vec<Vec<Record>>, registry: &Arc<Registry>, lanes: usize) {
    let node = Node {
        registry: Arc::clone(registry),
        clock: Arc::new(SystemClock),
    };
    if lanes == 0 {
        let mut pushed = Pushed::new(ROOM_INTERVAL, CAPACITY, node.clock);
        for record in batches.into_iter().flatten() {
            pushed.push(record, registry).await;
        }
        return;
    }
    let lifecycle = Lifecycle::default();
    let started = start(&node, lanes, &lifecycle.tasks());
    for batch in batches {
        share(&started, batch).await;
    }
    drop((started, node));
    // Each lane has its own share of the registry until it has pushed all.
    while Arc::strong_count(registry) > 1 {
        sleep(Duration::from_micros(200)).await;
    }
}

/// One task for each lane.
fn start(node: &Node, lanes: usize, tasks: &Tasks) -> Vec<mpsc::Sender<Vec<Record>>> {
    let lane = |_| {
        let (sender, mut records) = mpsc::channel::<Vec<Record>>(WAITING);
        let Node { registry, clock } = node.clone();
        let mut pushed = Pushed::new(ROOM_INTERVAL, CAPACITY / lanes, clock);
        tasks.spawn(async move {
            while let Some(records) = records.recv().await {
                for record in records {
                    pushed.push(record, &registry).await;
                }
            }
        });
        sender
    };
    (0..lanes).map(lane).collect()
}

/// A room is always in the same lane, and a full lane stops the reader.
async fn share(lanes: &[mpsc::Sender<Vec<Record>>], records: Vec<Record>) {
    let mut shares = vec![Vec::new(); lanes.len()];
    for record in records {
        let room: usize = record.key.parse().unwrap_or_default();
        shares[room % lanes.len()].push(record);
    }
    for (lane, share) in lanes.iter().zip(shares) {
        if !share.is_empty() {
            // A lane ends when its sender is dropped.
            let _ = lane.send(share).await;
        }
    }
}
