//! The project's one menu: run it with no verb to see what there is to choose from.

mod bench;
mod containers;
mod daemon;
mod dist;
mod faults;
mod mutants;
mod parts;
mod places;
mod probe;
mod system;
mod test;
mod tidy;
mod wait;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{CommandFactory, Parser, Subcommand};
use parts::PartsVerb;
use places::Places;
use test::Extent;

/// The one menu of this project
#[derive(Parser)]
#[command(bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Menu {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Subcommand)]
enum Verb {
    /// Run every check and every test (the one test command, also of CI)
    Test {
        /// Leave out what needs the real parts
        #[arg(long)]
        quick: bool,
        /// Also run what takes longer than CI has
        #[arg(long, conflicts_with = "quick")]
        full: bool,
    },
    /// Check the shape of the tree: layers, names, lengths, licences, links
    Tidy,
    /// Break the product in a copy, one kept way after the other, and see the tests notice
    Mutants {
        /// Only those whose row or file contains this
        #[arg(default_value = "")]
        filter: String,
    },
    /// Build the checker and all it runs, and kill, pause and break the system under load with it
    Faults {
        /// Check the release build
        #[arg(long)]
        release: bool,
        /// What the checker is to do, such as `quick`, `full` or `scenario --help`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        arguments: Vec<String>,
    },
    /// Measure what the system costs, beside baselines on the same machine
    Bench {
        /// The figures; all unless some are named, which also writes docs/operating/performance.md
        figures: Vec<bench::Figure>,
        /// Few and short runs: a look, nothing to keep
        #[arg(long)]
        quick: bool,
    },
    /// Build the image, and try the containers of compose.yaml with podman: first hour, restarts, nothing lost
    Containers {
        /// Take the image that an earlier run built
        #[arg(long)]
        built: bool,
        /// The profile that the binary in the image is built with
        #[arg(long, default_value = "release", conflicts_with = "built")]
        profile: String,
    },
    /// Wait for the end of `containers`, and end what it left
    #[command(hide = true)]
    ContainersGuard { folder: PathBuf },
    /// Make what others install: an archive, a Debian package, the bill of materials and their sums
    Dist {
        /// The profile of the build, such as `dev` to try it soon
        #[arg(long, default_value = "release")]
        profile: String,
    },
    /// Install and run the real parts: PostgreSQL, Kafka, MongoDB's protocol, Redis, SMTP, nginx
    #[command(subcommand)]
    Parts(PartsVerb),
    /// Start the distributed system behind nginx, on the real parts
    Up {
        /// Run the release build
        #[arg(long)]
        release: bool,
    },
    /// Stop the distributed system; the parts stay up
    Down,
    /// Show the distributed system's processes
    Status {
        /// Print the path of the settings that they share instead
        #[arg(long)]
        settings: bool,
    },
    /// Kill one process of the distributed system with SIGKILL, such as chat-command-service-1
    Kill {
        /// The process, as `status` lists it
        process: String,
    },
    /// Let one process of the distributed system stand still with SIGSTOP
    Pause {
        /// The process, as `status` lists it
        process: String,
    },
    /// Let a paused process go on with SIGCONT
    Resume {
        /// The process, as `status` lists it
        process: String,
    },
    /// End one process of the distributed system with SIGTERM, as an upgrade does, and start it again
    Restart {
        /// The process, as `status` lists it
        process: String,
    },
    /// Start one process of the distributed system again
    Start {
        /// The process, as `status` lists it
        process: String,
    },
}

fn main() -> ExitCode {
    let menu = Menu::parse();
    match menu.verb.map(run) {
        None => match Menu::command().print_help() {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Some(Ok(code)) => code,
        Some(Err(error)) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(verb: Verb) -> Result<ExitCode> {
    let places = Places::from_env()?;
    match verb {
        Verb::Test { quick, full } => {
            let extent = match (quick, full) {
                (true, _) => Extent::Quick,
                (false, true) => Extent::Full,
                (false, false) => Extent::Ci,
            };
            return Ok(test::run(&places, extent));
        }
        Verb::Tidy => tidy::run(&places),
        Verb::Mutants { filter } => mutants::run(&places, &filter),
        Verb::Faults { release, arguments } => faults::run(&places, release, &arguments),
        Verb::Bench { figures, quick } => bench::run(&places, &figures, quick),
        Verb::Containers { built, profile } => containers::run(
            &places,
            &containers::Options {
                is_built: built,
                profile,
            },
        ),
        Verb::ContainersGuard { folder } => containers::guard::run(&folder),
        Verb::Dist { profile } => dist::run(&places, &profile),
        Verb::Parts(verb) => parts::run(&places, verb),
        Verb::Up { release } => system::up(&places, release),
        Verb::Down => system::down(&places),
        Verb::Status { settings: true } => {
            println!("{}", system::settings_file(&places).display());
            Ok(())
        }
        Verb::Status { settings: false } => system::status(&places),
        Verb::Kill { process } => system::kill(&places, &process),
        Verb::Pause { process } => system::pause(&places, &process),
        Verb::Resume { process } => system::resume(&places, &process),
        Verb::Restart { process } => system::restart(&places, &process),
        Verb::Start { process } => system::start(&places, &process),
    }?;
    Ok(ExitCode::SUCCESS)
}
