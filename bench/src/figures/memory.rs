//! Memory of a process that does its work: all-in-one after its first start and a hundred logins, and each process of the
//! distributed system after a load.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use colloquy_e2e::client::{Client, USER1};
use tokio::time::sleep;

use super::{
    whole,
    writes::{self, System},
};
use crate::{
    cli::{Memory, MemoryProcesses, Writes},
    load::closed_loop,
    measure::{Spread, distributed::Distributed, machine::load_average, memory::pss_kib},
};

const LOGINS: usize = 100;
/// Longer than a thread that hashes keeps its memory for the next password.
const REST: Duration = Duration::from_secs(5);
/// Sends on their way during the load.
const IN_FLIGHT: usize = 32;

/// All-in-one, in MiB (Pss).
#[derive(Debug)]
pub struct Figure {
    /// What was asked for.
    pub options: Memory,
    /// When it was ready for the first time.
    pub first_start: Spread,
    /// After a hundred logins.
    pub after_logins: Spread,
    /// A while later.
    pub rested: Spread,
    /// Before and after.
    pub load_average: [String; 2],
}

/// The distributed system.
#[derive(Debug)]
pub struct Processes {
    /// What was asked for.
    pub options: MemoryProcesses,
    /// Sends that were acknowledged in a second of the load.
    pub per_second: f64,
    /// Each of our processes, in MiB (Pss).
    pub mib: Vec<(String, f64)>,
    /// Before and after.
    pub load_average: [String; 2],
}

/// Starts it on so many empty folders.
///
/// # Errors
/// The system fails.
pub async fn all_in_one(options: &Memory) -> Result<Figure> {
    let before = load_average()?;
    let (mut first_start, mut after_logins, mut rested) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.starts {
        let system = whole::instance(options.bin.as_deref()).await?;
        let pid = system.pid().context("the system runs")?;
        first_start.push(mib(pid)?);
        log_in(&Client::new(&system.url())?).await?;
        after_logins.push(mib(pid)?);
        sleep(REST).await;
        rested.push(mib(pid)?);
    }
    let none = "at least one start is needed";
    Ok(Figure {
        options: options.clone(),
        first_start: Spread::of(first_start).context(none)?,
        after_logins: Spread::of(after_logins).context(none)?,
        rested: Spread::of(rested).context(none)?,
        load_average: [before, load_average()?],
    })
}

/// Puts a load on the system that runs, and reads its memory.
///
/// # Errors
/// The system fails, or an acknowledged message is not in its room.
pub async fn processes(options: &MemoryProcesses) -> Result<Processes> {
    let before = load_average()?;
    let system = System::of(&Writes {
        url: Some(options.url.clone()),
        bin: None,
        in_flight: Vec::new(),
        seconds: options.seconds,
    })
    .await?;
    let client = Client::new(&options.url)?;
    log_in(&client).await?;
    let sender = client.login(USER1.username, USER1.password).await?;
    let row = writes::row(&system, &sender, IN_FLIGHT, options.seconds).await?;
    let rooms = async || {
        sender.rooms().await?;
        Ok(())
    };
    closed_loop::run(IN_FLIGHT, Duration::from_secs(2), rooms).await?;
    let ours = Distributed::running()?.ours.into_iter();
    let mib = ours.map(|(name, pid)| Ok((name, mib(pid)?)));
    Ok(Processes {
        options: options.clone(),
        per_second: row.per_second,
        mib: mib.collect::<Result<_>>()?,
        load_average: [before, load_average()?],
    })
}

/// A hundred logins, one after the other.
async fn log_in(client: &Client) -> Result<()> {
    for _ in 0..LOGINS {
        let session = client.login(USER1.username, USER1.password).await?;
        ensure!(session.token().is_some(), "a login gives a token");
    }
    Ok(())
}

fn mib(pid: u32) -> Result<f64> {
    Ok(pss_kib(pid)? as f64 / 1024.0)
}
