//! The command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand};
use colloquy_chassis::{ServiceName, session_token::SessionAlgorithm};
use colloquy_chat_query::parked::Place;

/// A chat backend that can prove it lost nothing.
///
/// Without a command it runs the whole system in one process, on embedded stores.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub all_in_one: AllInOne,
}

#[derive(Debug, Args)]
pub struct AllInOne {
    /// Where everything is kept [default: the platform's data folder]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Where to listen; `localhost:PORT` listens on both loopback addresses
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
    pub listen: String,
    /// Where health and metrics are served apart [default: beside the rest, metrics only on loopback without a public URL]
    #[arg(long, value_name = "ADDR:PORT")]
    pub admin: Option<SocketAddr>,
    /// A settings file
    #[arg(long, value_name = "FILE", env = "COLLOQUY_CONFIG")]
    pub config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run one service, on PostgreSQL, Kafka and MongoDB
    Serve(Serve),
    /// Make key files
    #[command(subcommand)]
    Keys(Keys),
    /// Look at settings
    #[command(subcommand)]
    Config(Config),
    /// Look at events that were set aside because they are broken, and try them again
    #[command(subcommand)]
    Parked(Parked),
    /// Mend what is shown
    #[command(subcommand)]
    Views(Views),
    /// Tell everything once more from PostgreSQL, after Kafka's topics were lost; nothing is pushed twice
    Republish {
        /// A settings file
        #[arg(long, value_name = "FILE", env = "COLLOQUY_CONFIG")]
        config: Option<PathBuf>,
    },
}

/// A system, running or not.
#[derive(Debug, Args)]
pub struct System {
    /// The data folder of an all-in-one system [default: the distributed system of the settings]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// A settings file
    #[arg(long, value_name = "FILE", env = "COLLOQUY_CONFIG")]
    pub config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Parked {
    /// List them, without what they hold
    List(System),
    /// Show one, whole
    Show {
        /// The ID of the list, TOPIC:PARTITION:OFFSET
        id: Place,
        #[command(flatten)]
        system: System,
    },
    /// Apply one, or all that can be: at any time the views are then as if it had come in its turn
    Replay {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        system: System,
    },
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Which {
    /// The ID of the list, TOPIC:PARTITION:OFFSET
    pub id: Option<Place>,
    /// All of them
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Subcommand)]
pub enum Views {
    /// Build the views anew from the log and put them in the place of those in use; reads and writes go on
    Rebuild {
        /// Also if the log holds less than the views show: what it lacks is shown no more
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        system: System,
    },
}

#[derive(Debug, Args)]
pub struct Serve {
    /// Which: api-gateway, websocket, auth, customer, otp, mail, chat-command or chat-query
    pub service: ServiceName,
    /// Where to listen [default: the service's port on 0.0.0.0]
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,
    /// Where health and metrics are served [default: port + 1000 on 127.0.0.1]
    #[arg(long, value_name = "ADDR:PORT")]
    pub admin: Option<SocketAddr>,
    /// A settings file
    #[arg(long, value_name = "FILE", env = "COLLOQUY_CONFIG")]
    pub config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Make what is missing: one session key, one internal pair for each service, and the key of one-time codes
    Generate {
        /// The folder
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
        /// The name (`kid`) of a first session key
        #[arg(long, default_value = "k1")]
        kid: String,
        /// The signature of a first session key: RS256, PS256 or EdDSA
        #[arg(long, default_value = "RS256")]
        algorithm: SessionAlgorithm,
    },
    /// Make another session key, which signs from the next start of auth on; sessions go on
    Rotate {
        /// The folder
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
        /// The name (`kid`) of the key [default: the next of k1, k2, k3 …]
        #[arg(long)]
        kid: Option<String>,
        /// Its signature: RS256, PS256 or EdDSA
        #[arg(long, default_value = "RS256")]
        algorithm: SessionAlgorithm,
    },
}

#[derive(Debug, Subcommand)]
pub enum Config {
    /// Load and check the settings
    Check {
        /// A settings file
        #[arg(long, value_name = "FILE", env = "COLLOQUY_CONFIG")]
        config: Option<PathBuf>,
    },
    /// Print every setting with its default
    Defaults,
}
