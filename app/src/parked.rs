//! `colloquy parked …`: lists, shows and replays parked events.

use std::{fmt::Write as _, process::ExitCode};

use colloquy_chassis::SystemClock;
use colloquy_chat_query::{
    ViewStore,
    parked::{LogPosition, ParkedEvent},
    replay_parked::{Replayed, replay},
};

use crate::{
    cli::{Parked, Which},
    settings::Settings,
    views::{Views, store},
};

const PAGE: u32 = 500;
/// The exit code if an event is still parked, or if none is parked under the ID.
const NOT_ALL: u8 = 1;

/// # Errors
/// The views cannot be read or written.
pub async fn run(verb: &Parked, settings: &Settings) -> anyhow::Result<ExitCode> {
    let (outcome, files) = match verb {
        Parked::List(system) => {
            let (store, files) = store(system, settings).await?;
            (list(store.as_ref()).await, files)
        }
        Parked::Show { id, system } => {
            let (store, files) = store(system, settings).await?;
            (show(store.as_ref(), id).await, files)
        }
        Parked::Replay { which, system } => {
            let views = Views::open(system, settings).await?;
            (replay_all(&views, which).await, views.files)
        }
    };
    files.close().await;
    outcome
}

/// Prints nothing of an event's value: others may read the screen of a list.
async fn list(store: &dyn ViewStore) -> anyhow::Result<ExitCode> {
    let parked = every(store).await?;
    if parked.is_empty() {
        println!("No event is parked.");
        return Ok(ExitCode::SUCCESS);
    }
    let rows = parked.iter().map(|event| {
        [
            event.position.to_string(),
            printable(&event.key),
            event.parked_at.to_string(),
            event.tries.to_string(),
            printable(event.headline()),
        ]
    });
    let header = ["ID", "ROOM", "PARKED", "TRIES", "REASON"].map(str::to_owned);
    print!(
        "{}",
        table(&[header].into_iter().chain(rows).collect::<Vec<_>>())
    );
    Ok(ExitCode::SUCCESS)
}

async fn show(store: &dyn ViewStore, id: &LogPosition) -> anyhow::Result<ExitCode> {
    let Some(event) = store.parked_at(id).await? else {
        return Ok(not_parked(id));
    };
    let rows = [
        ("id", event.position.to_string()),
        ("room", printable(&event.key)),
        ("event-id", printable(&event.event_id)),
        ("parked", event.parked_at.to_string()),
        ("tries", event.tries.to_string()),
        ("reason", printable(&event.reason)),
        ("value", printable(&String::from_utf8_lossy(&event.payload))),
    ]
    .map(|(name, value)| [name.to_owned(), value]);
    print!("{}", table(&rows));
    Ok(ExitCode::SUCCESS)
}

async fn replay_all(views: &Views, which: &Which) -> anyhow::Result<ExitCode> {
    let store: &dyn ViewStore = views.store.as_ref();
    let events = match &which.id {
        None => every(store).await?,
        Some(id) => match store.parked_at(id).await? {
            Some(event) => vec![event],
            None => return Ok(not_parked(id)),
        },
    };
    let (mut applied, mut left) = (0, 0);
    for event in &events {
        match replay(store, views.log.as_ref(), &SystemClock, event).await? {
            Replayed::Applied => {
                applied += 1;
                println!("{} is applied.", event.position);
            }
            Replayed::StillParked(_) => {
                left += 1;
                println!(
                    "{} is still parked; `colloquy parked show` says why.",
                    event.position
                );
            }
        }
    }
    println!("{applied} applied, {left} still parked.");
    Ok(if left == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(NOT_ALL)
    })
}

fn not_parked(id: &LogPosition) -> ExitCode {
    eprintln!("colloquy: no event is parked under {id}");
    ExitCode::from(NOT_ALL)
}

async fn every(store: &dyn ViewStore) -> anyhow::Result<Vec<ParkedEvent>> {
    let mut parked: Vec<ParkedEvent> = Vec::new();
    loop {
        let last = parked.last().map(|event| &event.position);
        let page = store.parked(last, PAGE).await?;
        if page.is_empty() {
            return Ok(parked);
        }
        parked.extend(page);
    }
}

/// Columns as wide as their widest cell; the last one as long as it is.
fn table<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: [usize; COLUMNS] = std::array::from_fn(width);
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(line, "{cell:width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// A broken event may hold anything, also characters that move a terminal's cursor.
fn printable(text: &str) -> String {
    let escaped = |char: char| {
        let escapes = char.is_control().then(|| char.escape_default());
        let itself = escapes.is_none().then_some(char);
        escapes.into_iter().flatten().chain(itself)
    };
    text.chars().flat_map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_nothing_moves_the_cursor() {
        let row = |one: &str, other: &str| [one, other].map(printable);
        let text = table(&[
            row("ID", "REASON"),
            row("a:0:1", "Vũ \u{1b}[2J\n"),
            row("b", ""),
        ]);
        assert_eq!(text, "ID     REASON\na:0:1  Vũ \\u{1b}[2J\\n\nb\n");
    }
}
