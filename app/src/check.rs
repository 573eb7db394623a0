//! `colloquy check`: looks for damage in a data folder (F38).
//!
//! A start must not take long, so it only compares the marks of the files, and each row is looked at when it is read. This
//! reads everything.

use std::{path::Path, process::ExitCode};

use anyhow::ensure;
use colloquy_chassis::answer::chain;
use colloquy_chat_command::write_store;
use colloquy_chat_query::view_store;
use colloquy_event_log::SqliteOutbox;
use colloquy_sql::{StoreError, sqlite::SqliteDatabase};

use crate::data_folder::{
    DataFolder,
    survey::Survey,
    verdict::{VIEWS, WRITE},
};

/// The exit code if anything is damaged.
const DAMAGED: u8 = 1;

/// Prints each damage in a line.
///
/// # Errors
/// There is no all-in-one system in the folder, or a file cannot be opened for now.
pub async fn run(data: &Path) -> anyhow::Result<ExitCode> {
    let folder = DataFolder::beside(data);
    let survey = Survey::of(&folder).await?;
    ensure!(
        survey.is_of_a_system(),
        "there is no all-in-one system in {}",
        data.display()
    );
    let mut found = 0;
    for fault in survey.faults() {
        println!("{fault}");
        found += 1;
    }
    for (name, database) in survey.databases() {
        for damage in damages(name, database).await {
            println!("{name}: {damage}");
            found += 1;
        }
        // A folder that nothing else has open is left as it was, without files beside.
        database.close().await;
    }
    if found == 0 {
        println!("Everything is as it was written.");
        return Ok(ExitCode::SUCCESS);
    }
    println!(
        "{found} findings. What is only in views.db is mended by `colloquy views rebuild --data {}`.",
        data.display()
    );
    Ok(ExitCode::from(DAMAGED))
}

/// A scan that breaks off is damage as well.
pub async fn damages(name: &str, database: &SqliteDatabase) -> Vec<String> {
    let mut scans = vec![structure(database).await];
    match name {
        WRITE => {
            scans.push(SqliteOutbox::damages(database, false).await);
            scans.push(write_store::sqlite::damages(database).await);
        }
        VIEWS => {
            scans.push(SqliteOutbox::damages(database, true).await);
            scans.push(view_store::sqlite::damages(database).await);
        }
        _ => {}
    }
    let lines =
        |scan: Result<Vec<String>, StoreError>| scan.unwrap_or_else(|broken| vec![chain(&broken)]);
    scans.into_iter().flat_map(lines).collect()
}

/// The findings of SQLite in its own pages and indexes.
async fn structure(database: &SqliteDatabase) -> Result<Vec<String>, StoreError> {
    let mut lines: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_all(&database.readers)
        .await?;
    lines.retain(|line| line != "ok");
    Ok(lines)
}
