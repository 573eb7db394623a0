//! The command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand};
use colloquy_chassis::ServiceName;
use colloquy_chat_query::parked::LogPosition;
use colloquy_credentials::session_algorithm::SessionAlgorithm;

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
    /// A further address for health and metrics
    /// [default: they are served with the rest, metrics only on loopback without a public URL]
    #[arg(long, value_name = "ADDR:PORT")]
    pub admin: Option<SocketAddr>,
    /// A settings file
    #[arg(long, value_name = "FILE", env = "COLLOQUY_CONFIG")]
    pub config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run one service, on PostgreSQL, Kafka, MongoDB, Redis and SMTP
    Serve(Serve),
    /// Create key files
    #[command(subcommand)]
    Keys(Keys),
    /// Check the settings, or print their defaults
    #[command(subcommand)]
    Config(Config),
    /// Look at events that were set aside because they are broken, and retry them
    #[command(subcommand)]
    Parked(Parked),
    /// Repair the views that queries read
    #[command(subcommand)]
    Views(Views),
    /// Copy the data folder of an all-in-one system, running or not, as it is at one moment
    Backup {
        /// The folder of the backup; it must be empty or not there yet
        #[arg(value_name = "DIR")]
        into: PathBuf,
        /// The data folder [default: the platform's data folder]
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// Make a data folder of a backup; all sessions end, because the backup does not know which have ended since
    Restore {
        /// The folder of the backup
        #[arg(value_name = "DIR")]
        backup: PathBuf,
        /// The data folder, which must be empty or not there yet [default: the platform's data folder]
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
        /// Keep sessions, for a backup of a system that was stopped and has not run since
        #[arg(long)]
        keep_sessions: bool,
    },
    /// Look for damage in every file of a data folder: whether the files belong together, SQLite's own check, the
    /// checksum of each message and event, and the seqs of each room. Exits with 1 if anything is damaged
    Check {
        /// The data folder of an all-in-one system, running or not, or a copy of one
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
    /// Accept a data folder that was put together from a backup, after listing what is in it;
    /// without this a start refuses files that do not belong together
    Adopt {
        /// The data folder of an all-in-one system that is stopped
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
    /// Move everything of an all-in-one system that is stopped into the empty databases and topics of a distributed one
    Import {
        /// The data folder, which stays as it is
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// A settings file of the distributed system
        #[arg(long, value_name = "FILE", env = "COLLOQUY_CONFIG")]
        config: Option<PathBuf>,
    },
    /// Bring the tables of PostgreSQL and the topics of Kafka to this version, before the services start; they do so
    /// themselves as well
    Migrate {
        /// A settings file
        #[arg(long, value_name = "FILE", env = "COLLOQUY_CONFIG")]
        config: Option<PathBuf>,
    },
    /// Ask a running process whether it is ready, and print what it waits for if not. Exits with 1 if it is not ready
    Health {
        /// Where it serves health, on its own machine: a service's port + 1000, or the address of --admin
        #[arg(value_name = "ADDR:PORT")]
        address: SocketAddr,
    },
    /// Look for what would keep a system from working, running or not, and change nothing: settings, keys, stores, topics,
    /// events that wait, clocks. A line each, which begins with ok, warn or FAIL; exits with 1 if one says FAIL
    Doctor(Doctor),
    /// Write the pages of the manual and the completions of shells
    #[command(hide = true)]
    Manual {
        /// The folder
        #[arg(value_name = "DIR")]
        into: PathBuf,
    },
    /// Publish every room, message and read marker again from PostgreSQL, after Kafka's topics were lost;
    /// clients are not notified twice
    Republish {
        /// A settings file
        #[arg(long, value_name = "FILE", env = "COLLOQUY_CONFIG")]
        config: Option<PathBuf>,
    },
}

/// Without `--distributed` or `--service` it looks at the all-in-one system that would start with the same options.
#[derive(Debug, Args)]
pub struct Doctor {
    /// The data folder of an all-in-one system [default: the platform's data folder]
    #[arg(long, value_name = "DIR", conflicts_with_all = ["distributed", "service"])]
    pub data: Option<PathBuf>,
    /// Where the all-in-one system listens
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080", conflicts_with_all = ["distributed", "service"])]
    pub listen: String,
    /// Look at all that the services of a distributed system need
    #[arg(long)]
    pub distributed: bool,
    /// Look at what one service needs, with the keys that it was given
    #[arg(long, value_name = "SERVICE", conflicts_with = "distributed")]
    pub service: Option<ServiceName>,
    /// A settings file
    #[arg(long, value_name = "FILE", env = "COLLOQUY_CONFIG")]
    pub config: Option<PathBuf>,
    /// Print one JSON object instead of lines
    #[arg(long)]
    pub json: bool,
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
    /// List parked events, without their contents
    List(System),
    /// Show all of one parked event
    Show {
        /// The ID of the list, TOPIC:PARTITION:OFFSET
        id: LogPosition,
        #[command(flatten)]
        system: System,
    },
    /// Apply one parked event, or all; the result is the same as if it had been applied in order
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
    pub id: Option<LogPosition>,
    /// All parked events
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Subcommand)]
pub enum Views {
    /// Rebuild the views from the log, then replace those in use; reads and writes continue meanwhile
    Rebuild {
        /// Replace the views even if the log holds less; whatever the log lacks disappears from them
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        system: System,
    },
}

#[derive(Debug, Args)]
pub struct Serve {
    /// The service: api-gateway, websocket, auth, customer, otp, mail, chat-command or chat-query
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
    /// Create what is missing: a session key, an internal key pair for each service, and the keys that seal
    /// stored secrets
    Generate {
        /// The folder
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
        /// The name (`kid`) of the first session key
        #[arg(long, default_value = "k1")]
        kid: String,
        /// The algorithm of the first session key: RS256, PS256 or EdDSA
        #[arg(long, default_value = "RS256")]
        algorithm: SessionAlgorithm,
        /// Then give each service a folder of its own in this one, named like the service, with the keys that it needs
        #[arg(long, value_name = "DIR")]
        hand_out: Option<PathBuf>,
    },

    /// Create another session key, which signs once auth is restarted; existing sessions stay valid
    Rotate {
        /// The folder
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
        /// The name (`kid`) of the key [default: the next of k1, k2, k3 …]
        #[arg(long)]
        kid: Option<String>,
        /// Its algorithm: RS256, PS256 or EdDSA
        #[arg(long, default_value = "RS256")]
        algorithm: SessionAlgorithm,
        /// Then give each service a folder of its own in this one, named like the service, with the keys that it needs
        #[arg(long, value_name = "DIR")]
        hand_out: Option<PathBuf>,
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
