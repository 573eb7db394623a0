//! CPU and memory of the distributed system, as `cargo xtask up` starts it, while no client asks for anything.

use std::{
    collections::HashMap,
    env, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use tokio::time::sleep;

use crate::{
    cli::IdleProcesses,
    measure::{Cpu, machine::load_average, memory::pss_kib, process},
};

const DEFAULT_PARTS: &str = "/var/tmp/colloquy-parts";
/// Where `cargo xtask` keeps the pid files of our own processes, and of the parts.
const OURS: &str = "system";
const PARTS: [&str; 6] = ["postgres", "kafka", "mongo", "redis", "smtp", "nginx"];

/// What came out.
#[derive(Debug)]
pub struct Figure {
    /// What was asked for.
    pub options: IdleProcesses,
    /// Our own processes.
    pub ours: Vec<Row>,
    /// Each part with its child processes.
    pub parts: Vec<Row>,
    /// Before and after.
    pub load_average: [String; 2],
}

/// One process, or one with its child processes.
#[derive(Debug)]
pub struct Row {
    /// Its name in the menu.
    pub name: String,
    /// CPU that it used while it was measured.
    pub seconds: f64,
    /// Memory at the end.
    pub mib: f64,
}

/// Measures once.
///
/// # Errors
/// The system does not run, or a process ends meanwhile.
pub async fn measure(options: &IdleProcesses) -> Result<Figure> {
    let folder: PathBuf = env::var_os("COLLOQUY_PARTS").map_or(DEFAULT_PARTS.into(), Into::into);
    let ours = pids(&folder.join(OURS))?;
    ensure!(
        !ours.is_empty(),
        "no process runs: start them with `cargo xtask up`"
    );
    let mut parts = Vec::new();
    for part in PARTS {
        parts.extend(pids(&folder.join(part))?);
    }
    let load_before = load_average()?;
    let before = used(ours.iter().chain(&parts))?;
    sleep(Duration::from_secs(options.seconds)).await;
    Ok(Figure {
        options: options.clone(),
        ours: rows(&ours, &before)?,
        parts: rows(&parts, &before)?,
        load_average: [load_before, load_average()?],
    })
}

/// The processes whose pid files lie in a folder, by name.
fn pids(folder: &Path) -> Result<Vec<(String, u32)>> {
    let mut found = Vec::new();
    let files = fs::read_dir(folder).with_context(|| {
        format!(
            "cannot read {}: start the system with `cargo xtask up`",
            folder.display()
        )
    })?;
    for file in files {
        let path = file?.path();
        // nginx keeps another pid file of its own.
        if path.extension().is_some_and(|extension| extension == "pid")
            && !path.ends_with("master.pid")
        {
            let name = path.file_stem().context("a pid file has a name")?;
            let pid = fs::read_to_string(&path)?.trim().parse()?;
            found.push((name.to_string_lossy().into_owned(), pid));
        }
    }
    found.sort();
    Ok(found)
}

/// What each of these processes and of their child processes has used so far.
fn used<'a>(processes: impl Iterator<Item = &'a (String, u32)>) -> Result<HashMap<u32, Cpu>> {
    let mut used = HashMap::new();
    for (_, pid) in processes {
        for pid in process::with_children(*pid)? {
            // A child may have ended since it was listed.
            if let Ok(cpu) = Cpu::of(pid) {
                used.insert(pid, cpu);
            }
        }
    }
    Ok(used)
}

fn rows(processes: &[(String, u32)], before: &HashMap<u32, Cpu>) -> Result<Vec<Row>> {
    let row = |(name, pid): &(String, u32)| {
        let (mut nanos, mut kib) = (0, 0);
        for pid in process::with_children(*pid)? {
            // A child that is new has used everything meanwhile.
            let earlier = before.get(&pid).map_or(0, |cpu| cpu.nanos);
            if let (Ok(cpu), Ok(pss)) = (Cpu::of(pid), pss_kib(pid)) {
                nanos += cpu.nanos.saturating_sub(earlier);
                kib += pss;
            }
        }
        Ok(Row {
            name: name.clone(),
            seconds: nanos as f64 / 1e9,
            mib: kib as f64 / 1024.0,
        })
    };
    processes.iter().map(row).collect()
}
