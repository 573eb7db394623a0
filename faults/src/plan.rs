//! How large a run is, and which faults it has.

use std::time::Duration;

use clap::{Args, Parser, ValueEnum};

use crate::anomaly::{Anomaly, Layer};

/// Which system is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    AllInOne,
    Distributed,
}

/// How much load a scenario has: enough for every change, or what the promises are stated for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Size {
    Quick,
    Full,
}

impl Size {
    /// The value for this size.
    pub fn of<T>(self, quick: T, full: T) -> T {
        match self {
            Self::Quick => quick,
            Self::Full => full,
        }
    }
}

/// A defect that the binary plants in itself when it is built with the feature `planted-bugs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Bug {
    /// Events are published before their transaction commits.
    PublishBeforeCommit,
    /// The projector commits its position before the view is saved.
    CommitBeforeApply,
    /// The relay remembers the last id instead of taking what is unpublished.
    RelayPollsById,
    /// A full socket queue drops frames in silence.
    DropOnFullQueue,
    /// The projector stands still: no bug to be found, but a state that members must not notice (decision 11).
    StoppedProjector,
}

impl Bug {
    /// The value of `COLLOQUY_PLANTED_BUG`.
    pub fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// What the audit must find for the bug to count as caught: any of these; another anomaly proves nothing.
    pub fn causes(self) -> &'static [(Anomaly, Layer)] {
        match self {
            Self::PublishBeforeCommit => &[(Anomaly::Phantom, Layer::Log)],
            Self::CommitBeforeApply | Self::StoppedProjector => {
                &[(Anomaly::Divergent, Layer::Views)]
            }
            Self::RelayPollsById => &[(Anomaly::Lost, Layer::Log)],
            Self::DropOnFullQueue => &[(Anomaly::Gaps, Layer::Pushes)],
        }
    }
}

/// The binary that is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    /// The product.
    Product,
    /// The one that can plant defects in itself, with one or none.
    Planted(Option<Bug>),
}

/// One run.
#[derive(Clone, Debug, Args)]
pub struct Plan {
    /// All-in-one, or the distributed system that `cargo xtask up` starts
    #[arg(long, value_enum, default_value = "all-in-one")]
    pub mode: Mode,
    /// Messages in all
    #[arg(long, default_value_t = 10_000)]
    pub messages: u32,
    /// Rooms they are spread over
    #[arg(long, default_value_t = 20)]
    pub rooms: u32,
    /// Concurrent senders, each with a key for every message and retries
    #[arg(long, default_value_t = 8)]
    pub senders: u32,
    /// Subscribers, each in every room
    #[arg(long, default_value_t = 20)]
    pub subscribers: u32,
    /// Messages a second, all senders together; 0 is as fast as they are answered
    #[arg(long, default_value_t = 250)]
    pub rate: u32,
    /// How often the process (all-in-one), or each service in turn (distributed), is killed
    #[arg(long, default_value_t = 3)]
    pub kills: u32,
    /// How often Kafka is killed (distributed)
    #[arg(long, default_value_t = 0)]
    pub kafka_kills: u32,
    /// Kill only services whose name holds this
    #[arg(long, default_value = "")]
    pub victims: String,
    /// The seed of all random choices; printed with the result
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Plant a defect; the run then succeeds when the checker finds it
    #[arg(long, value_enum)]
    pub plant: Option<Bug>,
    /// Run the binary that can plant defects, but plant none: the run must then be clean
    #[arg(long, conflicts_with = "plant")]
    pub control: bool,
}

impl Plan {
    /// The binary this run is about.
    pub fn build(&self) -> Build {
        match self.plant {
            None if !self.control => Build::Product,
            bug => Build::Planted(bug),
        }
    }

    /// The pause between two messages of one sender.
    pub fn pace(&self) -> Duration {
        match self.rate {
            0 => Duration::ZERO,
            rate => Duration::from_secs(1) * self.senders / rate,
        }
    }
}

#[derive(Parser)]
struct Defaults {
    #[command(flatten)]
    plan: Plan,
}

impl Default for Plan {
    /// What `run` does without options.
    fn default() -> Self {
        Defaults::parse_from(["plan"]).plan
    }
}
