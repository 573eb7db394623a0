//! Measures what the push side costs, as ratios to baselines that run beside it on the same machine (performance.md §3).
//!
//! An absolute figure says little on a shared machine, so the runs of both sides are interleaved, and a run in which
//! anything was lost, repeated or reordered does not count.

mod cli;
mod figures;
mod load;
mod measure;
mod report;
mod server;

use clap::Parser as _;

use crate::{
    cli::{Cli, Command},
    figures::{delivery, durable, idle, idle_processes, million, start, width, writes},
    measure::machine::{self, Machine},
};

fn main() -> anyhow::Result<()> {
    machine::allow_many_descriptors()?;
    match Cli::parse().command {
        Command::G3(options) => {
            let figure = on_one_thread(delivery::measure(&options))?;
            print!("{}", report::delivery(&figure));
        }
        Command::G7(options) => {
            let figure = on_one_thread(idle::measure(&options))?;
            print!("{}", report::idle(&figure));
        }
        Command::IdleProcesses(options) => {
            let figure = on_one_thread(idle_processes::measure(&options))?;
            print!("{}", report::idle_processes(&figure));
        }
        Command::Writes(options) => {
            let figure = on_one_thread(writes::measure(&options))?;
            print!("{}", report::writes(&figure));
        }
        Command::G9(options) => {
            let figure = on_one_thread(durable::on_postgres(&options))?;
            print!("{}", report::on_postgres(&figure));
        }
        Command::G11(options) => {
            let figure = on_one_thread(durable::embedded(&options))?;
            print!("{}", report::embedded(&figure));
        }
        Command::G17(options) => {
            let figure = on_one_thread(start::measure(&options))?;
            print!("{}", report::start(&figure));
        }
        Command::Width(options) => print!("{}", report::width(&width::measure(&options)?)),
        Command::Million(options) => print!("{}", report::million(&million::simulate(&options))),
        Command::Machine => print!("{}", report::introduction(&Machine::this()?)),
        Command::PushServer(options) => on_all_cores(server::push::run(&options))?,
        Command::Broadcaster(options) => on_all_cores(server::broadcaster::run(&options))?,
    }
    Ok(())
}

/// The load must cost less than the servers it measures: one thread, one epoll.
fn on_one_thread<T>(figure: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    tokio::task::LocalSet::new().block_on(&runtime, figure)
}

/// As the product runs.
fn on_all_cores(server: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(server)
}
