//! `colloquy republish`: publishes every event again from the write store, for a log that was wiped.

use std::process::ExitCode;

use anyhow::Context as _;
use colloquy_chat_command::{
    republish::{postgres::StoredEvents, republish},
    write_store::postgres::migrate,
};
use colloquy_sql::postgres;

use crate::{
    settings::{Settings, stores::Section},
    views::kafka,
    waiting::advised,
};

const CONNECTIONS: u32 = 2;

/// # Errors
/// An event was not published. The command can be repeated.
pub async fn run(settings: &Settings) -> anyhow::Result<ExitCode> {
    settings.refuse_example_secrets()?;
    let log = kafka(settings).await?;
    let pool = postgres::pool(settings.store(Section::WriteStore)?, CONNECTIONS)?;
    let migrated = migrate(&pool).await;
    migrated
        .map_err(|error| advised(error, &Section::WriteStore.names()))
        .context("the write store cannot be read")?;
    let published = republish(&StoredEvents::new(pool), &log).await?;
    println!(
        "Republished {} rooms, {} messages and {} read markers.",
        published.rooms, published.messages, published.markers
    );
    Ok(ExitCode::SUCCESS)
}
