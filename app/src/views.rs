//! `colloquy views …`, and how a command finds the views of a system, which may be running.
//!
//! Nothing here needs the system to stop. The views of a data folder are opened beside the process that serves it: SQLite
//! keeps the two apart, and no step of either is more than one transaction.

use std::{path::Path, process::ExitCode, sync::Arc};

use anyhow::{bail, ensure};
use colloquy_chassis::{SystemClock, lifecycle::termination};
use colloquy_chat_query::{
    MongoViewStore, RebuildStore, SqliteViewStore,
    rebuild::{RebuildError, WithLess, rebuild},
};
use colloquy_event_log::{AuditTrail, EmbeddedLog, EventLog, KafkaLog, SqliteOutbox};
use colloquy_sql::sqlite::{Durability, SqliteDatabase};
use uuid::Uuid;

use crate::{
    cli::{System, Views as Verb},
    data_folder::close_what_is_made,
    embedded::Files,
    settings::{Settings, stores::Section},
    waiting::unless_refused,
};

/// The views of a system, and the log that they are made of.
pub struct Views {
    pub store: Arc<dyn RebuildStore>,
    pub log: Arc<dyn EventLog>,
    trail: Arc<dyn AuditTrail>,
    /// The files to close at the end of the command.
    pub files: Files,
}

impl Views {
    /// Opens the views of the all-in-one system in a data folder, or else of the distributed system of the settings.
    ///
    /// # Errors
    /// There is no such system, or it cannot be reached.
    pub async fn open(system: &System, settings: &Settings) -> anyhow::Result<Self> {
        match &system.data {
            Some(folder) => Self::embedded(folder).await,
            None => Self::distributed(settings).await,
        }
    }

    async fn embedded(folder: &Path) -> anyhow::Result<Self> {
        close_what_is_made();
        let write = folder.join("write.db");
        ensure!(
            write.is_file(),
            "there is no all-in-one system in {}",
            folder.display()
        );
        let views = folder.join("views.db");
        ensure!(
            views.is_file(),
            "{} is missing; the next start makes it again from write.db",
            views.display()
        );
        let write = SqliteDatabase::open(&write, Durability::Full).await?;
        let views = SqliteDatabase::open(&views, Durability::Rebuildable).await?;
        let files = Files::new([&write, &views]);
        let announced = SqliteOutbox::open(views).await?;
        let store = SqliteViewStore::open(announced.clone()).await?;
        let log = EmbeddedLog::new(SqliteOutbox::open(write).await?, announced);
        Ok(Self {
            store: Arc::new(store),
            log: Arc::new(log.clone()),
            trail: Arc::new(log),
            files,
        })
    }

    async fn distributed(settings: &Settings) -> anyhow::Result<Self> {
        let store = mongodb(settings).await?;
        let log = Arc::new(kafka(settings).await?);
        Ok(Self {
            store,
            log: log.clone(),
            trail: log,
            files: Files::default(),
        })
    }
}

/// The views alone, for a command that only reads parked events: Kafka may be away, and no topic is made.
///
/// # Errors
/// There are no views, or they cannot be opened.
pub async fn store(
    system: &System,
    settings: &Settings,
) -> anyhow::Result<(Arc<dyn RebuildStore>, Files)> {
    match &system.data {
        Some(folder) => {
            let Views { store, files, .. } = Views::embedded(folder).await?;
            Ok((store, files))
        }
        None => Ok((mongodb(settings).await?, Files::default())),
    }
}

async fn mongodb(settings: &Settings) -> anyhow::Result<Arc<dyn RebuildStore>> {
    settings.refuse_example_secrets()?;
    let (address, database) = (
        settings.store(Section::ViewStore)?,
        &settings.view_store.database,
    );
    let views = MongoViewStore::new(address, database).await?;
    unless_refused(views.reach().await, &Section::ViewStore.names())?;
    Ok(Arc::new(views))
}

/// The log of the settings; does not wait for Kafka.
///
/// # Errors
/// It cannot be reached, or is set up in a way that cannot work.
pub async fn kafka(settings: &Settings) -> anyhow::Result<KafkaLog> {
    Ok(KafkaLog::connect(settings.kafka()?).await?)
}

/// # Errors
/// The views are as they were.
pub async fn run(verb: &Verb, settings: &Settings) -> anyhow::Result<ExitCode> {
    let Verb::Rebuild { force, system } = verb;
    let views = Views::open(system, settings).await?;
    let outcome = rebuild_all(&views, *force, system).await;
    views.files.close().await;
    outcome
}

async fn rebuild_all(views: &Views, force: bool, system: &System) -> anyhow::Result<ExitCode> {
    let with_less = if force {
        WithLess::Replace
    } else {
        WithLess::Refuse
    };
    let (store, trail, id) = (views.store.as_ref(), views.trail.as_ref(), Uuid::new_v4());
    let outcome = tokio::select! {
        outcome = rebuild(store, trail, &SystemClock, id, with_less) => outcome,
        () = termination() => {
            views.store.abandon(id).await?;
            bail!("the rebuild was interrupted; the views are unchanged");
        }
    };
    let rebuilt = match outcome {
        Err(less @ RebuildError::HoldsLess { .. }) => {
            // It knows no data folder, where the log is the write side itself.
            let republish = match system.data {
                Some(_) => "",
                None => "If topics were lost, run `colloquy republish` first. ",
            };
            bail!(
                "{less}; the views are unchanged. {republish}With `--force` they are replaced anyway, and whatever \
                 the log lacks disappears from them"
            )
        }
        outcome => outcome?,
    };
    println!(
        "The views were rebuilt from {} events, of which {} are parked.",
        rebuilt.events, rebuilt.parked
    );
    Ok(ExitCode::SUCCESS)
}
