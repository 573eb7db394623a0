//! The processes of the distributed system that `cargo xtask up` has started, and of its parts.

use std::{
    collections::HashMap,
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};

use super::{Cpu, process};

const DEFAULT_PARTS: &str = "/var/tmp/colloquy-parts";
/// Where `cargo xtask` keeps the pid files of our own processes, and of the parts.
const OURS: &str = "system";
const PARTS: [&str; 6] = ["postgres", "kafka", "mongo", "redis", "smtp", "nginx"];

/// The processes, each with its name in the menu.
#[derive(Debug)]
pub struct Distributed {
    /// Our own.
    pub ours: Vec<(String, u32)>,
    /// The first process of each part.
    pub parts: Vec<(String, u32)>,
}

impl Distributed {
    /// Those that run.
    ///
    /// # Errors
    /// None does.
    pub fn running() -> Result<Self> {
        let folder: PathBuf =
            env::var_os("COLLOQUY_PARTS").map_or(DEFAULT_PARTS.into(), Into::into);
        let ours = pids(&folder.join(OURS))?;
        ensure!(
            !ours.is_empty(),
            "no process runs: start them with `cargo xtask up`"
        );
        let mut parts = Vec::new();
        for part in PARTS {
            parts.extend(pids(&folder.join(part))?);
        }
        Ok(Self { ours, parts })
    }
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
///
/// # Errors
/// One of them is gone.
pub fn used<'a>(processes: impl Iterator<Item = &'a (String, u32)>) -> Result<HashMap<u32, Cpu>> {
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

/// Nanoseconds of CPU of a process and its child processes since `before`. A child that is new has used all of its own since
/// then.
///
/// # Errors
/// The process is gone.
pub fn nanos_since(before: &HashMap<u32, Cpu>, root: u32) -> Result<u64> {
    let nanos = |pid| {
        let earlier = before.get(&pid).map_or(0, |cpu| cpu.nanos);
        Cpu::of(pid).map_or(0, |now| now.nanos.saturating_sub(earlier))
    };
    Ok(process::with_children(root)?.into_iter().map(nanos).sum())
}
