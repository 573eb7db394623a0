//! `colloquy import`: makes a distributed system of an all-in-one one (ADR 029). Ids, seqs, markers, accounts, ended sessions
//! and idempotency keys stay; topics and views are made again.

use std::{path::Path, process::ExitCode};

use anyhow::{Context as _, ensure};
use colloquy_auth::{
    SqlLoginThrottleStore,
    session_store::{self, postgres::PostgresSessionStore, sqlite::SqliteSessionStore},
};
use colloquy_chat_command::write_store::{self, SqliteWriteStore, postgres::migrate};
use colloquy_customer::customer_store::{self, SqlCustomerStore};
use colloquy_event_log::SqliteOutbox;
use colloquy_mail::mail_store::{self, postgres::PostgresMailStore, sqlite::SqliteMailStore};
use colloquy_sql::{
    moving::{Moved, move_rows},
    postgres,
    sqlite::SqliteDatabase,
};
use sqlx::PgPool;

use crate::{
    check,
    data_folder::{
        DataFolder,
        survey::Survey,
        verdict::{NAMES, TRUTH},
    },
    republish,
    settings::{Settings, stores::Section},
};

const CONNECTIONS: u32 = 2;

/// Moves everything, and prints what remains to be done.
///
/// # Errors
/// There is no whole data folder, a process uses it, a row of it is damaged, or a database is not empty.
pub async fn run(data: &Path, settings: &Settings) -> anyhow::Result<ExitCode> {
    settings.refuse_example_secrets()?;
    ensure!(
        data.is_dir(),
        "there is no all-in-one system in {}",
        data.display()
    );
    let folder = DataFolder::open(Some(data))?;
    let survey = Survey::of(&folder).await?;
    ensure!(
        survey.is_of_a_system(),
        "there is no all-in-one system in {}",
        data.display()
    );
    let files = survey.open().await?;
    for (file, name) in files.iter().zip(NAMES).take(TRUTH) {
        let damages = check::damages(name, file).await;
        ensure!(damages.is_empty(), "{name} is damaged: {}", damages[0]);
    }
    move_all(&files, settings).await?;
    for file in &files {
        file.close().await;
    }
    republish::run(settings).await?;
    println!(
        "Copy {} to the folder of the setting keys.folder, then start the services.",
        data.join("keys").display()
    );
    Ok(ExitCode::SUCCESS)
}

async fn move_all(
    [accounts, sessions, mails, write, _]: &[SqliteDatabase; NAMES.len()],
    settings: &Settings,
) -> anyhow::Result<()> {
    // So that the tables of both are those of this release.
    SqlCustomerStore::open(accounts.clone()).await?;
    SqliteSessionStore::open(sessions.clone()).await?;
    SqliteMailStore::open(mails.clone()).await?;
    SqliteWriteStore::open(SqliteOutbox::open(write.clone()).await?).await?;
    let pool = |store| anyhow::Ok(postgres::pool(settings.store(store)?, CONNECTIONS)?);
    let of_accounts = pool(Section::Accounts)?;
    SqlCustomerStore::open(of_accounts.clone()).await?;
    let of_sessions = pool(Section::Sessions)?;
    PostgresSessionStore::open(of_sessions.clone()).await?;
    SqlLoginThrottleStore::open(of_sessions.clone()).await?;
    let of_mails = pool(Section::Mail)?;
    PostgresMailStore::open(of_mails.clone()).await?;
    let of_writes = pool(Section::WriteStore)?;
    migrate(&of_writes).await?;
    moved(
        "accounts",
        customer_store::moved::MOVED,
        accounts,
        &of_accounts,
    )
    .await?;
    moved(
        "sessions",
        session_store::moved::MOVED,
        sessions,
        &of_sessions,
    )
    .await?;
    moved("mails", mail_store::moved::MOVED, mails, &of_mails).await?;
    moved(
        "rooms and messages",
        write_store::moved::MOVED,
        write,
        &of_writes,
    )
    .await
}

async fn moved(
    what: &str,
    rows: Moved,
    from: &SqliteDatabase,
    into: &PgPool,
) -> anyhow::Result<()> {
    let counts = move_rows(rows, from, into).await;
    let counts = counts.with_context(|| {
        format!(
            "{what} cannot be moved; make the databases of the settings anew before you repeat this"
        )
    })?;
    println!("Moved {what}: {} rows.", counts.iter().sum::<u64>());
    Ok(())
}
