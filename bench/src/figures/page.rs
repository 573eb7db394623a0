//! G14: CPU of a page of history of the all-in-one process, against the plain sum of the least that both halves of it can
//! cost: the same SELECT in a loop, and a request to axum with an empty handler.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use colloquy_chat_query::view_store::sqlite::HISTORY_PAGE;
use colloquy_e2e::client::{Client, Message};
use sqlx::{ConnectOptions as _, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{filled_room::FilledRoom, whole};
use crate::{
    cli::Pages,
    load::closed_loop,
    measure::{Cpu, Spread, machine::load_average},
    server::{Kind, ServerProcess},
};

/// Messages of a page.
const PAGE: u32 = 20;
/// Requests on their way, to us and to the empty handler.
const IN_FLIGHT: usize = 4;
const WARM_UP: Duration = Duration::from_secs(1);

/// What came out, in microseconds of CPU.
#[derive(Debug)]
pub struct Figure {
    /// What was asked for.
    pub options: Pages,
    /// A page of ours.
    pub ours: Spread,
    /// The SELECT.
    pub select: Spread,
    /// A request that does nothing.
    pub handler: Spread,
    /// Ours over the sum of both, pair by pair.
    pub ratio: Spread,
    /// Before and after.
    pub load_average: [String; 2],
}

/// Runs all pairs.
///
/// # Errors
/// A server fails, or a page is not as it should be.
pub async fn measure(options: &Pages) -> Result<Figure> {
    let before = load_average()?;
    let system = whole::instance(options.bin.as_deref()).await?;
    let pid = system.pid().context("the system runs")?;
    let members = whole::log_in(&Client::new(&system.url())?).await?;
    let room = FilledRoom::make(&members[0], options.messages).await?;
    // It outlives the measuring: the CPU of its thread would go with it.
    let mut connection = SqliteConnectOptions::new()
        .filename(system.data().join("views.db"))
        .read_only(true)
        .connect()
        .await?;
    let empty = ServerProcess::start(Kind::EmptyHandler, 0)?;
    let idle = Client::new(&format!("http://{}", empty.address()))?;
    let time = Duration::from_secs(options.pairs.seconds);

    let newest = i64::try_from(options.messages)?;
    let page = async || check(&room.page(&members[0], None, PAGE).await?, newest);
    let nothing = async || {
        let answer = idle.get("/").await?;
        ensure!(answer.status == 200, "the empty handler: {answer:?}");
        Ok(())
    };
    closed_loop::run(IN_FLIGHT, WARM_UP, &page).await?;
    let (mut ours, mut select, mut handler) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.pairs.pairs {
        ours.push(micros(pid, async || closed_loop::run(IN_FLIGHT, time, &page).await).await?);
        let own = std::process::id();
        let selecting = async || select_again(&mut connection, room.id, time).await;
        select.push(micros(own, selecting).await?);
        let request = async || closed_loop::run(IN_FLIGHT, time, &nothing).await;
        handler.push(micros(empty.pid(), request).await?);
    }
    let least = select.iter().zip(&handler).map(|(one, other)| one + other);
    let ratios = ours.iter().zip(least).map(|(ours, least)| ours / least);
    let none = "at least one pair is needed";
    Ok(Figure {
        options: options.clone(),
        ratio: Spread::of(ratios).context(none)?,
        ours: Spread::of(ours.iter().copied()).context(none)?,
        select: Spread::of(select).context(none)?,
        handler: Spread::of(handler).context(none)?,
        load_average: [before, load_average()?],
    })
}

/// What a process uses for one of so many units of work.
async fn micros(pid: u32, work: impl AsyncFnOnce() -> Result<u64>) -> Result<f64> {
    let before = Cpu::of(pid)?;
    let done = work().await?;
    ensure!(done > 0, "nothing was done in this time");
    Ok((Cpu::of(pid)? - before).micros_each(done))
}

/// The newest page, in order and without a gap.
fn check(page: &[Message], newest: i64) -> Result<()> {
    let seqs = page.iter().map(|message| message.seq);
    ensure!(
        seqs.eq((newest - i64::from(PAGE) + 1..=newest).rev()),
        "the newest page is {page:?}"
    );
    Ok(())
}

/// The SELECT of a page in the file of the running system, again and again by a program that does nothing else.
async fn select_again(connection: &mut SqliteConnection, room: i64, time: Duration) -> Result<u64> {
    let (until, mut done) = (Instant::now() + time, 0);
    while Instant::now() < until {
        let rows = select(connection, room).await?;
        ensure!(rows == PAGE as usize, "a page has {rows} messages");
        done += 1;
    }
    Ok(done)
}

async fn select(connection: &mut SqliteConnection, room: i64) -> Result<usize> {
    let rows = sqlx::query(HISTORY_PAGE)
        .bind(room)
        .bind(i64::MAX)
        .bind(0)
        .bind(PAGE)
        .fetch_all(connection)
        .await?;
    Ok(rows.len())
}
