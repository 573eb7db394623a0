//! CPU and memory of the distributed system, as `cargo xtask up` starts it, while no client asks for anything.

use std::{collections::HashMap, time::Duration};

use anyhow::Result;
use tokio::time::sleep;

use crate::{
    cli::IdleProcesses,
    measure::{
        Cpu, distributed, distributed::Distributed, machine::load_average, memory::pss_kib, process,
    },
};

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
    let Distributed { ours, parts } = Distributed::running()?;
    let load_before = load_average()?;
    let before = distributed::used(ours.iter().chain(&parts))?;
    sleep(Duration::from_secs(options.seconds)).await;
    Ok(Figure {
        options: options.clone(),
        ours: rows(&ours, &before)?,
        parts: rows(&parts, &before)?,
        load_average: [load_before, load_average()?],
    })
}

fn rows(processes: &[(String, u32)], before: &HashMap<u32, Cpu>) -> Result<Vec<Row>> {
    let row = |(name, pid): &(String, u32)| {
        // A child may end between the list and this.
        let pss = |pid| pss_kib(pid).unwrap_or(0);
        let kib: u64 = process::with_children(*pid)?.into_iter().map(pss).sum();
        Ok(Row {
            name: name.clone(),
            seconds: distributed::nanos_since(before, *pid)? as f64 / 1e9,
            mib: kib as f64 / 1024.0,
        })
    };
    processes.iter().map(row).collect()
}
