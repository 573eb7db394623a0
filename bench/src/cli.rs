//! The command line.

mod latency;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use self::latency::{DistributedLatency, EmbeddedLatency, Logins, Pace};

/// Measures Colloquy's push side against baselines, side by side.
#[derive(Debug, Parser)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    /// Where it is noted how figures stand to their goals, a line for each
    #[arg(long, global = true, value_name = "FILE")]
    pub standings: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    #[command(flatten)]
    Figure(Figure),
    /// CPU of a record that concerns no client of a node, and of the fan-out with one task and with lanes
    Width(Width),
    /// What limits a system of so many connections first, by simulation from the measured costs
    Million(Million),
    /// What all figures are of: this machine, and the version
    Machine,
    /// Every figure with its goal, and how those stand that were noted with `--standings`
    Standings,
    /// Serve the push side alone; what to publish is read from standard input
    PushServer(PushServer),
    /// Serve the baseline: one prepared frame a message, one write a socket
    Broadcaster(Broadcaster),
    /// Serve nothing: the baseline of a request
    EmptyHandler,
}

/// What is measured of servers that run, by clients on one thread.
#[derive(Debug, Subcommand)]
pub enum Figure {
    /// CPU per delivery: the push side against the broadcaster, and the whole all-in-one process
    G3(Delivery),
    /// CPU per delivery while more waits than can be written: the push side against a broadcaster that coalesces too
    G4(Saturation),
    /// Memory per idle connection, and CPU per connect (G8)
    G7(Idle),
    /// Durable sends on PostgreSQL with 32 on their way, against `pgbench` on the same server
    G9(OnPostgres),
    /// Durable sends on embedded stores with 64 on their way, against a loop of one-row transactions
    G11(Embedded),
    /// From the send to the last of a room's members, all-in-one
    G12(EmbeddedLatency),
    /// From the send to the subscribers, through nginx and the distributed system
    G13(DistributedLatency),
    /// CPU of a page of history, all-in-one, against its SELECT and an empty handler
    G14(Pages),
    /// How late deliveries are while passwords are hashed, against without
    G16(Logins),
    /// From the start of the process to ready, with the data of an earlier run
    G17(Starts),
    /// CPU of a page of history and of a send as a room, or the number of rooms, grows
    G18(Growth),
    /// Memory of an all-in-one process after its first start and after a hundred logins
    Memory(Memory),
    /// Memory of each process of the distributed system after a load
    MemoryProcesses(MemoryProcesses),
    /// CPU and memory of the processes that `cargo xtask up` has started, and of their parts, while no client is there
    IdleProcesses(IdleProcesses),
    /// Durable sends and the CPU of each, with 1, 8 and 32 on their way (G5, G9, G11)
    Writes(Writes),
}

#[derive(Clone, Debug, Args)]
pub struct Delivery {
    /// The all-in-one binary [default: the `colloquy` beside this one]
    #[arg(long, value_name = "FILE")]
    pub bin: Option<PathBuf>,
    /// Subscribers, shared evenly among the rooms
    #[arg(long, default_value_t = 1000)]
    pub connections: usize,
    #[command(flatten)]
    pub rooms: Rooms,
    /// Messages a second; deliveries are this times the subscribers of a room
    #[arg(long, default_value_t = 200)]
    pub rate: u64,
    /// How long one run is measured
    #[arg(long, default_value_t = 10)]
    pub seconds: u64,
    /// Interleaved pairs of runs
    #[arg(long, default_value_t = 7)]
    pub pairs: usize,
}

#[derive(Clone, Debug, Args)]
pub struct Saturation {
    /// Subscribers, shared evenly among the rooms
    #[arg(long, default_value_t = 1000)]
    pub connections: usize,
    #[command(flatten)]
    pub rooms: Rooms,
    /// Messages of a burst in each room; two bursts are on their way at any time
    #[arg(long, default_value_t = 20)]
    pub burst: u64,
    #[command(flatten)]
    pub pairs: Pairs,
}

#[derive(Clone, Debug, Args)]
pub struct Pages {
    /// The all-in-one binary [default: the `colloquy` beside this one]
    #[arg(long, value_name = "FILE")]
    pub bin: Option<PathBuf>,
    /// Messages of the room
    #[arg(long, default_value_t = 1000)]
    pub messages: usize,
    #[command(flatten)]
    pub pairs: Pairs,
}

#[derive(Clone, Debug, Args)]
pub struct Growth {
    /// The all-in-one binary [default: the `colloquy` beside this one]
    #[arg(long, value_name = "FILE")]
    pub bin: Option<PathBuf>,
    /// Messages of a room; each number has a process of its own
    #[arg(long, value_delimiter = ',', default_values_t = [100, 1_000, 10_000, 100_000])]
    pub messages: Vec<usize>,
    /// Rooms; each number has a process of its own
    #[arg(long, value_delimiter = ',', default_values_t = [100, 1_000, 10_000])]
    pub rooms: Vec<usize>,
    /// Rounds, each of which measures every process once
    #[arg(long, default_value_t = 7)]
    pub rounds: usize,
    /// Pages of history of one process in one round
    #[arg(long, default_value_t = 400)]
    pub pages: usize,
}

#[derive(Clone, Debug, Args)]
pub struct Memory {
    /// The all-in-one binary [default: the `colloquy` beside this one]
    #[arg(long, value_name = "FILE")]
    pub bin: Option<PathBuf>,
    /// First starts, each on an empty folder
    #[arg(long, default_value_t = 3)]
    pub starts: usize,
}

#[derive(Clone, Debug, Args)]
pub struct MemoryProcesses {
    /// The distributed system that `cargo xtask up --release` has started
    #[arg(long)]
    pub url: String,
    /// How long the load lasts: 32 sends on their way
    #[arg(long, default_value_t = 15)]
    pub seconds: u64,
}

#[derive(Clone, Debug, Args)]
pub struct Idle {
    /// Connections, each of a customer of its own
    #[arg(long, default_value_t = 5000)]
    pub idle_connections: usize,
    /// Pairs of runs
    #[arg(long, default_value_t = 3)]
    pub idle_pairs: usize,
    /// How long the connections idle before memory is read again
    #[arg(long, default_value_t = 30)]
    pub idle_seconds: u64,
}

#[derive(Clone, Debug, Args)]
pub struct IdleProcesses {
    /// How long the processes are measured
    #[arg(long, default_value_t = 10)]
    pub seconds: u64,
}

#[derive(Clone, Debug, Args)]
pub struct Writes {
    /// The distributed system that `cargo xtask up` has started [default: an all-in-one process of its own]
    #[arg(long)]
    pub url: Option<String>,
    /// The all-in-one binary [default: the `colloquy` beside this one]
    #[arg(long, value_name = "FILE")]
    pub bin: Option<PathBuf>,
    /// Sends on their way at any time
    #[arg(long, value_delimiter = ',', default_values_t = [1, 8, 32])]
    pub in_flight: Vec<usize>,
    /// How long each number is measured
    #[arg(long, default_value_t = 5)]
    pub seconds: u64,
}

/// Interleaved runs of both sides.
#[derive(Clone, Copy, Debug, Args)]
pub struct Pairs {
    /// Interleaved pairs of runs
    #[arg(long, default_value_t = 5)]
    pub pairs: usize,
    /// How long one run is measured
    #[arg(long, default_value_t = 4)]
    pub seconds: u64,
}

#[derive(Clone, Debug, Args)]
pub struct OnPostgres {
    /// The distributed system that `cargo xtask up --release` has started
    #[arg(long)]
    pub url: String,
    /// A database on the server of its write store, as `postgres://user@host:port/database`
    #[arg(long)]
    pub postgres: String,
    /// The program `pgbench`
    #[arg(long, default_value = "pgbench", value_name = "FILE")]
    pub pgbench: PathBuf,
    #[command(flatten)]
    pub pairs: Pairs,
}

#[derive(Clone, Debug, Args)]
pub struct Embedded {
    /// The all-in-one binary [default: the `colloquy` beside this one]
    #[arg(long, value_name = "FILE")]
    pub bin: Option<PathBuf>,
    #[command(flatten)]
    pub pairs: Pairs,
}

#[derive(Clone, Debug, Args)]
pub struct Starts {
    /// The all-in-one binary [default: the `colloquy` beside this one]
    #[arg(long, value_name = "FILE")]
    pub bin: Option<PathBuf>,
    /// Messages in its data folder
    #[arg(long, default_value_t = 2000)]
    pub messages: usize,
    /// Starts
    #[arg(long, default_value_t = 9)]
    pub starts: usize,
}

#[derive(Clone, Debug, Args)]
pub struct Width {
    /// Records of each kind in one run
    #[arg(long, default_value_t = 100_000)]
    pub records: usize,
    /// Interleaved pairs of runs
    #[arg(long, default_value_t = 7)]
    pub pairs: usize,
    /// Rooms that clients of the node follow, while the records are about others
    #[arg(long, default_value_t = 1000)]
    pub followed: usize,
    /// Subscribers of each room whose messages are delivered
    #[arg(long, default_value_t = 20)]
    pub subscribers: usize,
    /// A Kafka of which a reader's CPU for each record is measured too; leaves topics that begin with `bench-width-`
    #[arg(long, value_name = "HOST:PORT")]
    pub kafka: Option<String>,
    /// A MongoDB in which batches of the projector are stored, whole and by partition; leaves a database `bench_width_…`
    #[arg(long, value_name = "URL")]
    pub mongo: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub struct Million {
    /// Messages that one connected client sends in an hour
    #[arg(long, default_value_t = 36.0)]
    pub messages_per_hour: f64,
    /// Connections of one node
    #[arg(long, default_value_t = 25_000)]
    pub per_node: usize,
    /// Messages of the stream that is read by all nodes
    #[arg(long, default_value_t = 5_000)]
    pub messages: usize,
    /// Microseconds of CPU to read a record from Kafka
    #[arg(long, default_value_t = 2.1)]
    pub read_micros: f64,
    /// Microseconds of CPU to pass a record over
    #[arg(long, default_value_t = 0.3)]
    pub pass_micros: f64,
    /// Microseconds of CPU to deliver a frame, the kernel's included
    #[arg(long, default_value_t = 11.5)]
    pub deliver_micros: f64,
    /// KiB of memory of a connection
    #[arg(long, default_value_t = 8.4)]
    pub connection_kib: f64,
}

#[derive(Debug, Args)]
pub struct PushServer {
    /// Where the public half of the key is that the clients' tokens are signed with
    #[arg(long, value_name = "DIR")]
    pub keys: PathBuf,
    #[command(flatten)]
    pub rooms: Rooms,
}

#[derive(Clone, Copy, Debug, Args)]
pub struct Broadcaster {
    #[command(flatten)]
    pub rooms: Rooms,
    /// Write all frames that wait for a socket at once
    #[arg(long)]
    pub coalesce: bool,
}

#[derive(Clone, Copy, Debug, Args)]
pub struct Rooms {
    /// Rooms, numbered from 1
    #[arg(long, default_value_t = 10)]
    pub rooms: usize,
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
    use super::*;

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
        let Command::Figure(Figure::G3(options)) = Cli::parse_from(arguments).command else {
            panic!("g3 was asked for");
        };
        assert_eq!((options.warm_up(), options.messages()), (30, 50));
        assert_eq!(options.deliveries(options.messages()), 5 * 40);
    }
}
