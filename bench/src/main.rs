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
    cli::{Cli, Command, Figure},
    figures::{
        delivery, durable, growth, idle, idle_processes, latency, logins, memory, million, page,
        saturation, start, width, writes,
    },
    measure::machine::{self, Machine},
    report::goals::{self, Section},
};

fn main() -> anyhow::Result<()> {
    machine::allow_many_descriptors()?;
    let Cli { command, standings } = Cli::parse();
    let file = standings.as_deref();
    let section: Section = match command {
        Command::PushServer(options) => return on_all_cores(server::push::run(&options)),
        Command::Broadcaster(options) => return on_all_cores(server::broadcaster::run(&options)),
        Command::EmptyHandler => return on_all_cores(server::empty_handler::run()),
        Command::Standings => {
            let noted = file.map(goals::noted).transpose()?;
            goals::table(&noted.unwrap_or_default()).into()
        }
        Command::Machine => report::introduction(&Machine::this()?).into(),
        Command::Million(options) => report::million(&million::simulate(&options)).into(),
        Command::Width(options) => report::width(&width::measure(&options)?).into(),
        Command::Figure(figure) => on_one_thread(section(figure))?,
    };
    print!("{}", section.text);
    match file {
        Some(file) => goals::note(file, &section.standings),
        None => Ok(()),
    }
}

/// Measures a figure.
async fn section(figure: Figure) -> anyhow::Result<Section> {
    Ok(match figure {
        Figure::G3(options) => report::delivery(&delivery::measure(&options).await?),
        Figure::G4(options) => report::saturation(&saturation::measure(&options).await?),
        Figure::G7(options) => report::idle(&idle::measure(&options).await?),
        Figure::G9(options) => report::on_postgres(&durable::on_postgres(&options).await?),
        Figure::G11(options) => report::embedded(&durable::embedded(&options).await?),
        Figure::G12(options) => report::embedded_latency(&latency::embedded(&options).await?),
        Figure::G13(options) => report::distributed_latency(&latency::distributed(&options).await?),
        Figure::G14(options) => report::page(&page::measure(&options).await?),
        Figure::G16(options) => report::logins(&logins::measure(&options).await?),
        Figure::G17(options) => report::start(&start::measure(&options).await?),
        Figure::G18(options) => report::growth(&growth::measure(&options).await?),
        Figure::Memory(options) => report::memory(&memory::all_in_one(&options).await?),
        Figure::MemoryProcesses(options) => {
            report::memory_processes(&memory::processes(&options).await?)
        }
        Figure::IdleProcesses(options) => {
            report::idle_processes(&idle_processes::measure(&options).await?).into()
        }
        Figure::Writes(options) => report::writes(&writes::measure(&options).await?).into(),
    })
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
