//! The one binary. It reads the command line, loads settings, and hands over to one composition root a process.

mod admin_listener;
mod adopt;
mod all_in_one;
mod backup;
mod check;
mod cli;
mod data_folder;
mod doctor;
mod documents;
mod embedded;
mod greeting;
mod health;
mod import;
mod listening;
mod manual;
mod migrate;
mod parked;
mod process;
mod republish;
mod restore;
mod retention;
mod serve;
mod settings;
mod views;
mod waiting;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;
use colloquy_chassis::{
    lifecycle::{TaskDied, termination},
    telemetry,
};
use colloquy_credentials::keys::KeyFolder;

use crate::{
    cli::{Cli, Command, Config, Keys, Parked, Views},
    settings::Settings,
};

/// What went wrong before serving began, or what a person must mend; a task that died while serving is 1.
const CANNOT_START: u8 = 2;

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("colloquy: {error:#}");
            ExitCode::from(if error.is::<TaskDied>() {
                1
            } else {
                CANNOT_START
            })
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        None => {
            let settings = load(cli.all_in_one.config.as_deref())?;
            block_on(all_in_one::run(&cli.all_in_one, &settings))?;
        }
        Some(Command::Serve(options)) => {
            let settings = load(options.config.as_deref())?;
            block_on(serve::run(&options, settings))?;
        }
        Some(Command::Parked(verb)) => {
            let (Parked::List(system)
            | Parked::Show { system, .. }
            | Parked::Replay { system, .. }) = &verb;
            let settings = load(system.config.as_deref())?;
            return block_on(parked::run(&verb, &settings));
        }
        Some(Command::Views(verb)) => {
            let Views::Rebuild { system, .. } = &verb;
            let settings = load(system.config.as_deref())?;
            return block_on(views::run(&verb, &settings));
        }
        Some(Command::Adopt { data }) => {
            load(None)?;
            return block_on(adopt::run(&data));
        }
        Some(Command::Check { data }) => {
            load(None)?;
            return block_on(check::run(&data));
        }
        Some(Command::Backup { into, data }) => {
            load(None)?;
            return block_on(backup::run(data.as_deref(), &into));
        }
        Some(Command::Restore {
            backup,
            data,
            keep_sessions,
        }) => {
            load(None)?;
            return block_on(restore::run(&backup, data.as_deref(), keep_sessions));
        }
        Some(Command::Import { data, config }) => {
            let settings = load(config.as_deref())?;
            return block_on(until_signal(import::run(&data, &settings)));
        }
        Some(Command::Migrate { config }) => {
            let settings = load(config.as_deref())?;
            return block_on(until_signal(migrate::run(&settings)));
        }
        Some(Command::Manual { into }) => manual::write(&into)?,
        Some(Command::Doctor(options)) => return block_on(doctor::run(&options)),
        Some(Command::Health { address }) => return health::run(address),
        Some(Command::Republish { config }) => {
            let settings = load(config.as_deref())?;
            return block_on(until_signal(republish::run(&settings)));
        }
        Some(Command::Keys(verb)) => keys(verb)?,
        Some(Command::Config(Config::Check { config })) => {
            Settings::load(config.as_deref())?.check_files()?;
            println!("the settings are valid");
        }
        Some(Command::Config(Config::Defaults)) => print!("{}", settings::DEFAULTS),
    }
    Ok(ExitCode::SUCCESS)
}

fn keys(verb: Keys) -> anyhow::Result<()> {
    let (folder, hand_out) = match verb {
        Keys::Generate {
            dir,
            kid,
            algorithm,
            hand_out,
        } => {
            let folder = KeyFolder::new(dir);
            folder.first_session_key(&kid, algorithm)?;
            folder.complete(&kid)?;
            (folder, hand_out)
        }
        Keys::Rotate {
            dir,
            kid,
            algorithm,
            hand_out,
        } => {
            let folder = KeyFolder::new(dir);
            let kid = folder.rotate(kid.as_deref(), algorithm)?;
            println!("{kid} signs once auth is restarted");
            (folder, hand_out)
        }
    };
    if let Some(to) = hand_out {
        folder.hand_out(&to)?;
    }
    Ok(())
}

fn load(file: Option<&std::path::Path>) -> anyhow::Result<Settings> {
    let settings = Settings::load(file)?;
    telemetry::start_logging(&settings.log.filter, settings.log.format)
        .map_err(|error| anyhow::anyhow!("bad setting: log.filter: {error}"))?;
    if settings.clients_may_share_an_address() {
        tracing::warn!(
            "http.public_url is set but http.trusted_proxies is not: clients behind a proxy share its address and limits"
        );
    }
    Ok(settings)
}

/// Ends work that waits for parts by the first signal. Process 1 of a container hears no signal that it does not listen to.
async fn until_signal<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::select! {
        outcome = work => outcome,
        () = termination() => anyhow::bail!("interrupted"),
    }
}

fn block_on<T>(process: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?
        .block_on(process)
}
