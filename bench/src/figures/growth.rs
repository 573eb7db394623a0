//! G18: CPU of a page of history and of a send as a room grows, and as the number of rooms does. Each size has a process of its
//! own, and they are measured in turns.

use std::{cell::Cell, path::Path};

use anyhow::{Context as _, Result, ensure};
use colloquy_chat_query::view_store::sqlite::HISTORY_PAGE;
use colloquy_e2e::{
    client::{Client, USER1, USER2},
    harness::Instance,
};
use futures_util::future::try_join_all;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Row as _, sqlite::SqliteConnectOptions};

use super::{filled_room::FilledRoom, whole};
use crate::{
    cli::Growth,
    measure::{Cpu, Spread, machine::load_average, memory::pss_kib},
};

/// Messages of a page.
const PAGE: usize = 20;
/// Sends of one round: few, so that the shortest room stays short.
const SENDS: usize = 100;
/// Pages, and sends, on their way.
const IN_FLIGHT: usize = 8;
/// Messages of the room that is measured while the number of rooms grows.
const MESSAGES: usize = 100;
/// Rooms that are made at once.
const ROOMS_AT_ONCE: usize = 32;

/// What came out.
#[derive(Debug)]
pub struct Figure {
    /// What was asked for.
    pub options: Growth,
    /// By the messages of a room.
    pub by_messages: Vec<Row>,
    /// By the number of rooms.
    pub by_rooms: Vec<Row>,
    /// How SQLite finds a page of the longest room, a step a line.
    pub plan: Vec<String>,
    /// Before and after.
    pub load_average: [String; 2],
}

/// One size.
#[derive(Debug)]
pub struct Row {
    /// Messages of the room, or rooms.
    pub size: usize,
    /// Microseconds of CPU of a page.
    pub page: Spread,
    /// Of a send, with its event, its view and its announcements.
    pub send: Spread,
    /// The page over that of the least size, round by round.
    pub page_ratio: Spread,
    /// The send over that of the least size, round by round.
    pub send_ratio: Spread,
    /// Memory of the process at the end.
    pub mib: f64,
}

/// A process of one size.
struct Subject {
    size: usize,
    /// Messages of its room.
    messages: usize,
    system: Instance,
    pid: u32,
    sender: Client,
    room: FilledRoom,
    /// Of each round: microseconds of a page and of a send.
    rounds: Vec<[f64; 2]>,
}

/// Measures both.
///
/// # Errors
/// A process fails, a page is not as it should be, or it is not found by an index.
pub async fn measure(options: &Growth) -> Result<Figure> {
    let before = load_average()?;
    let bin = options.bin.as_deref();
    let mut by_messages = Vec::new();
    for &messages in &options.messages {
        ensure!(messages > PAGE, "a room needs more than {PAGE} messages");
        by_messages.push(Subject::start(bin, messages, messages, 1).await?);
    }
    let mut by_rooms = Vec::new();
    for &rooms in &options.rooms {
        by_rooms.push(Subject::start(bin, rooms, MESSAGES, rooms).await?);
    }
    for round in 1..=options.rounds {
        for subject in by_messages.iter_mut().chain(&mut by_rooms) {
            subject.measure(options.pages).await?;
        }
        eprintln!("round {round}; load average {}", load_average()?);
    }
    let longest = by_messages.last().context("at least one size is needed")?;
    let plan = plan(&longest.system.data().join("views.db")).await?;
    Ok(Figure {
        options: options.clone(),
        by_messages: rows(&by_messages)?,
        by_rooms: rows(&by_rooms)?,
        plan,
        load_average: [before, load_average()?],
    })
}

impl Subject {
    async fn start(bin: Option<&Path>, size: usize, messages: usize, rooms: usize) -> Result<Self> {
        let system = whole::instance(bin).await?;
        let sender = Client::new(&system.url())?
            .login(USER1.username, USER1.password)
            .await?;
        // One of the rooms is that which is measured.
        let left = Cell::new(rooms.saturating_sub(1));
        try_join_all((0..ROOMS_AT_ONCE).map(|_| async {
            while let Some(number) = left.get().checked_sub(1) {
                left.set(number);
                let name = format!("Room {number}");
                sender.create_room(&name, &[USER2.id]).await?;
            }
            anyhow::Ok(())
        }))
        .await?;
        Ok(Self {
            size,
            messages,
            pid: system.pid().context("the system runs")?,
            room: FilledRoom::make(&sender, messages).await?,
            system,
            sender,
            rounds: Vec::new(),
        })
    }

    /// One round. A room that has grown by half is left for another.
    async fn measure(&mut self, pages: usize) -> Result<()> {
        if self.room.len() > self.messages + self.messages / 2 {
            self.room = FilledRoom::make(&self.sender, self.messages).await?;
        }
        let before = Cpu::of(self.pid)?;
        self.read(pages).await?;
        let read = Cpu::of(self.pid)?;
        self.room.send(&self.sender, SENDS, IN_FLIGHT).await?;
        let sent = Cpu::of(self.pid)?;
        self.rounds.push([
            (read - before).micros_each(pages as u64),
            (sent - read).micros_each(SENDS as u64),
        ]);
        Ok(())
    }

    /// Reads pages all over the room.
    async fn read(&self, pages: usize) -> Result<()> {
        let left = Cell::new(pages);
        let (room, sender) = (&self.room, &self.sender);
        try_join_all((0..IN_FLIGHT).map(|_| async {
            while let Some(number) = left.get().checked_sub(1) {
                left.set(number);
                // Steps of a prime lead everywhere. The page is the one below this seq.
                let seq = PAGE + 1 + number * 7_919 % (room.len() - PAGE);
                let page = room.page(sender, Some(seq), PAGE as u32).await?;
                let seqs = page.iter().map(|message| message.seq);
                let expected = (seq - PAGE..seq).rev().map(|seq| seq as i64);
                ensure!(seqs.eq(expected), "the page below seq {seq} is {page:?}");
            }
            anyhow::Ok(())
        }))
        .await?;
        Ok(())
    }
}

fn rows(subjects: &[Subject]) -> Result<Vec<Row>> {
    let none = "at least one round of one size is needed";
    let least = subjects.first().context(none)?;
    let row = |subject: &Subject| {
        let of = |which: usize| Spread::of(subject.rounds.iter().map(|round| round[which]));
        let ratio = |which: usize| {
            let pairs = subject.rounds.iter().zip(&least.rounds);
            Spread::of(pairs.map(|(round, least)| round[which] / least[which]))
        };
        Ok(Row {
            size: subject.size,
            page: of(0).context(none)?,
            send: of(1).context(none)?,
            page_ratio: ratio(0).context(none)?,
            send_ratio: ratio(1).context(none)?,
            mib: pss_kib(subject.pid)? as f64 / 1024.0,
        })
    };
    subjects.iter().map(row).collect()
}

/// How SQLite finds a page of history.
///
/// # Errors
/// It reads a table from its beginning, instead of finding rows by an index.
async fn plan(file: &Path) -> Result<Vec<String>> {
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let mut connection = options.connect().await?;
    let rows = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {HISTORY_PAGE}")))
        .bind(1)
        .bind(i64::MAX)
        .bind(0)
        .bind(PAGE as i64)
        .fetch_all(&mut connection)
        .await?;
    let steps: Vec<String> = rows
        .iter()
        .map(|row| row.try_get("detail"))
        .collect::<Result<_, _>>()?;
    ensure!(
        steps.iter().any(|step| step.starts_with("SEARCH"))
            && !steps.iter().any(|step| step.starts_with("SCAN")),
        "a page of history is not found by an index: {steps:?}"
    );
    Ok(steps)
}
