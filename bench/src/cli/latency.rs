//! What is asked of the figures that measure how late something is.

use std::path::PathBuf;

use clap::Args;

#[derive(Clone, Debug, Args)]
pub struct EmbeddedLatency {
    /// The all-in-one binary [default: the `colloquy` beside this one]
    #[arg(long, value_name = "FILE")]
    pub bin: Option<PathBuf>,
    /// Members of the room, each a customer with one socket
    #[arg(long, default_value_t = 100)]
    pub members: usize,
    #[command(flatten)]
    pub pace: Pace,
}

#[derive(Clone, Debug, Args)]
pub struct DistributedLatency {
    /// The distributed system that `cargo xtask up --release` has started
    #[arg(long)]
    pub url: String,
    /// Sockets that have subscribed to the room
    #[arg(long, default_value_t = 10)]
    pub subscribers: usize,
    #[command(flatten)]
    pub pace: Pace,
}

#[derive(Clone, Debug, Args)]
pub struct Logins {
    /// The all-in-one binary [default: the `colloquy` beside this one]
    #[arg(long, value_name = "FILE")]
    pub bin: Option<PathBuf>,
    /// Sockets that have subscribed to the room
    #[arg(long, default_value_t = 100)]
    pub subscribers: usize,
    /// Logins a second
    #[arg(long, default_value_t = 40)]
    pub logins: u64,
    #[command(flatten)]
    pub pace: Pace,
}

/// Sends at fixed instants.
#[derive(Clone, Copy, Debug, Args)]
pub struct Pace {
    /// Messages a second
    #[arg(long, default_value_t = 20)]
    pub rate: u64,
    /// How long one run is measured
    #[arg(long, default_value_t = 30)]
    pub seconds: u64,
    /// Runs; of a figure that compares, interleaved pairs of runs
    #[arg(long, default_value_t = 3)]
    pub runs: usize,
}
