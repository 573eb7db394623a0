//! How wide a node is: the CPU of a record that concerns none of its clients, decoded as before and passed over as now, and
//! how many frames a second the fan-out queues with one lane and with more.
//!
//! No sockets: what a delivery costs with them is G3.

mod kafka;
pub mod lanes;
mod records;
pub mod views;

use std::{process, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use colloquy_chassis::SystemClock;
use colloquy_contracts::{CustomerId, Destination, RoomId};
use colloquy_event_log::Record;
use colloquy_websocket::{
    fanout::{
        encoding::FrameVariant,
        pushed::Pushed,
        recent::CAPACITY,
        registry::{Channel, Registry, Subscriber},
    },
    send_queue::{Next, SendQueue},
};

use tokio::runtime::Builder;

use self::records::{KINDS, Kind};
use crate::{
    cli::Width,
    measure::{Cpu, Spread, machine::load_average},
};

/// The node's default.
const ROOM_INTERVAL: Duration = Duration::from_millis(100);
/// Rooms whose messages are delivered.
const DELIVERED_ROOMS: usize = 64;

/// What came out.
#[derive(Debug)]
pub struct Figure {
    /// What was asked for.
    pub options: Width,
    /// Each kind of record.
    pub passed_over: Vec<Row>,
    /// A message, for each frame that is queued of it.
    pub delivered: Row,
    /// Reading a record of Kafka.
    pub read: Option<Spread>,
    /// Storing batches of events in MongoDB.
    pub views: Vec<views::Row>,
    /// The fan-out with lanes.
    pub lanes: lanes::Figure,
    /// Before and after.
    pub load_average: [String; 2],
}

/// Microseconds of CPU.
#[derive(Debug)]
pub struct Row {
    /// What it is.
    pub name: &'static str,
    /// Decoded, whether it has subscribers or not.
    pub before: Spread,
    /// As the node does.
    pub after: Spread,
    /// Before by after, pair by pair.
    pub ratio: Spread,
}

/// Runs all pairs.
///
/// # Errors
/// `/proc` is not to be read, or Kafka fails.
pub fn measure(options: &Width) -> Result<Figure> {
    let alone = Builder::new_current_thread().enable_all().build()?;
    let before = load_average()?;
    let mut passed_over = Vec::new();
    for kind in KINDS {
        passed_over.push(alone.block_on(pass_over(options, kind))?);
    }
    let delivered = alone.block_on(deliver(options))?;
    let read = match &options.kafka {
        Some(brokers) => Some(alone.block_on(kafka::measure(options, brokers))?),
        None => None,
    };
    let views = match &options.mongo {
        Some(url) => alone.block_on(views::measure(options, url))?,
        None => Vec::new(),
    };
    Ok(Figure {
        options: options.clone(),
        views,
        passed_over,
        delivered,
        read,
        lanes: lanes::measure(options)?,
        load_average: [before, load_average()?],
    })
}

impl Row {
    fn of(name: &'static str, pairs: &[[f64; 2]]) -> Result<Self> {
        let spread = |of: fn(&[f64; 2]) -> f64| {
            Spread::of(pairs.iter().map(of)).context("at least one pair is needed")
        };
        Ok(Self {
            name,
            before: spread(|[before, _]| *before)?,
            after: spread(|[_, after]| *after)?,
            ratio: spread(|[before, after]| before / after)?,
        })
    }
}

/// Records about rooms that no client follows, on a node whose clients follow others.
async fn pass_over(options: &Width, kind: Kind) -> Result<Row> {
    let registry = Registry::default();
    let queue = Arc::new(SendQueue::new(1 << 20));
    for number in 0..options.followed {
        let room = RoomId(records::FOLLOWED + i64::try_from(number)?);
        let customer = CustomerId(room.0);
        for destination in [
            Destination::Message(room),
            Destination::ReadMarkers(room),
            Destination::Rooms,
            Destination::ReadStatus,
        ] {
            subscribe(&registry, customer, destination, &queue);
        }
    }
    let records = kind.records(options.records / kind.weight);
    let mut pairs = Vec::new();
    for _ in 0..options.pairs {
        let mut pair = [0.0; 2];
        for (decodes_all, micros) in [true, false].into_iter().zip(&mut pair) {
            *micros = run(&records, decodes_all, &registry).await? / records.len() as f64;
        }
        pairs.push(pair);
    }
    Row::of(kind.name, &pairs)
}

/// Messages with subscribers, for each frame.
async fn deliver(options: &Width) -> Result<Row> {
    let (registry, queues) = followed(options.subscribers);
    // A queue takes a limited number of frames, and here no writer takes them out meanwhile.
    let records = records::messages(DELIVERED_ROOMS, options.records / 2);
    let frames = (records.len() * options.subscribers) as f64;
    let mut pairs = Vec::new();
    for _ in 0..options.pairs {
        let mut pair = [0.0; 2];
        for (decodes_all, micros) in [true, false].into_iter().zip(&mut pair) {
            *micros = run(&records, decodes_all, &registry).await? / frames;
            drain(&queues);
        }
        pairs.push(pair);
    }
    Row::of("a message, each frame of it", &pairs)
}

/// Microseconds of CPU of this process, which does nothing else.
async fn run(records: &[Record], decodes_all: bool, registry: &Registry) -> Result<f64> {
    let mut pushed = Pushed::new(Duration::ZERO, CAPACITY, Arc::new(SystemClock));
    let records = records.to_vec();
    // A view is passed over once one of its room was decoded.
    for record in records::first_views(&records) {
        pushed.push(record, registry).await;
    }
    pushed.publish_due(registry).await;
    let before = Cpu::of(process::id())?;
    for record in records {
        if decodes_all {
            pushed.decode_and_push(record, registry).await;
        } else {
            pushed.push(record, registry).await;
        }
        pushed.publish_due(registry).await;
    }
    Ok((Cpu::of(process::id())? - before).micros_each(1))
}

/// Rooms with so many subscribers each.
fn followed(subscribers: usize) -> (Registry, Vec<Arc<SendQueue>>) {
    let registry = Registry::default();
    let mut queues = Vec::new();
    for room in (1..).take(DELIVERED_ROOMS).map(RoomId) {
        for customer in (1..).take(subscribers).map(CustomerId) {
            let queue = Arc::new(SendQueue::new(usize::MAX / 16));
            subscribe(&registry, customer, Destination::Message(room), &queue);
            queues.push(queue);
        }
    }
    (registry, queues)
}

fn subscribe(
    registry: &Registry,
    customer: CustomerId,
    destination: Destination,
    queue: &Arc<SendQueue>,
) {
    let variant = FrameVariant {
        subscription: "sub-0".into(),
        acknowledged: false,
    };
    let queue = Arc::clone(queue);
    let channel = Channel::of(customer, destination);
    registry.add(channel, variant, Subscriber { customer, queue });
}

fn drain(queues: &[Arc<SendQueue>]) {
    for queue in queues {
        while let Next::Frame(frame) = queue.next() {
            drop(frame);
        }
    }
}
