//! The data folder of an all-in-one system, stopped or running.

use std::{fs::File, os::unix::fs::MetadataExt as _, path::Path};

use anyhow::Context as _;
use colloquy_chat_query::{projector::GROUP, view_store::sqlite::count_parked};
use colloquy_event_log::EmbeddedLog;
use colloquy_sql::sqlite::SqliteDatabase;
use rustix::fs::{Access, access, statvfs};

use super::{
    events::{self, Readers},
    finding::Finding,
    keys::mode,
};
use crate::data_folder::{
    DataFolder,
    survey::Survey,
    verdict::{VIEWS, WRITE},
};

const FOLDER: &str = "data.folder";
const SPACE: &str = "data.space";
const FILES: &str = "data.files";
const MIB: u64 = 1024 * 1024;
const LITTLE_SPACE: u64 = 1024 * MIB;
const NO_SPACE: u64 = 64 * MIB;

/// Whether a process has the folder. The lock is tried for a moment and shared, so that doctors do not meet in it.
pub fn is_in_use(path: &Path) -> bool {
    let lock = File::open(path.join("lock"));
    lock.is_ok_and(|lock| {
        matches!(
            lock.try_lock_shared(),
            Err(std::fs::TryLockError::WouldBlock)
        )
    })
}

/// The folder itself, and the room on its disk.
pub fn folder(path: &Path) -> Vec<Finding> {
    let shown = path.display();
    if !path.is_dir() {
        let found = format!("{shown} is not there yet; the first start makes it");
        return vec![Finding::ok(FOLDER, found)];
    }
    vec![permissions(path), space(path)]
}

fn permissions(path: &Path) -> Finding {
    let shown = path.display();
    if access(path, Access::WRITE_OK | Access::EXEC_OK).is_err() {
        return Finding::fail(
            FOLDER,
            format!("{shown} cannot be written by this user"),
            "give the folder to the user of the system, or run this as that user",
        );
    }
    let user = rustix::process::geteuid().as_raw();
    let owner = path.metadata().map_or(user, |metadata| metadata.uid());
    if owner != user {
        return Finding::warn(
            FOLDER,
            format!(
                "{shown} belongs to user {owner} and this is user {user}, so that what is found is not what the system may do"
            ),
            "run this as the user of the system",
        );
    }
    match mode(path).filter(|mode| mode & 0o077 != 0) {
        Some(mode) => Finding::warn(
            FOLDER,
            format!(
                "{shown} has mode {mode:04o}, so that other users of this machine can enter it"
            ),
            format!("chmod 700 {shown}"),
        ),
        None => Finding::ok(FOLDER, format!("{shown} is closed to other users")),
    }
}

fn space(path: &Path) -> Finding {
    let Ok(disk) = statvfs(path) else {
        return Finding::ok(SPACE, "this platform does not say");
    };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let found = format!("{} MiB are free", free / MIB);
    let remedy = "make room on the disk, or move the folder to a larger one";
    match free {
        ..NO_SPACE => Finding::fail(
            SPACE,
            format!("{found}, and without room the system takes no message"),
            remedy,
        ),
        NO_SPACE..LITTLE_SPACE => Finding::warn(SPACE, found, remedy),
        _ => Finding::ok(SPACE, found),
    }
}

/// The files, and the events that wait in them.
pub async fn files(path: &Path, is_running: bool) -> Vec<Finding> {
    let remedy = "make it readable for this user; `colloquy check` reads all of it";
    look(path, is_running).await.unwrap_or_else(|error| {
        let found = format!("{error:#}");
        vec![Finding::fail(FILES, found, remedy)]
    })
}

async fn look(path: &Path, is_running: bool) -> anyhow::Result<Vec<Finding>> {
    if !path.is_dir() {
        return Ok(Vec::new());
    }
    let folder = DataFolder::beside(path);
    let survey = Survey::of(&folder).await?;
    if !survey.is_of_a_system() {
        let found = "none yet; the first start makes them";
        return Ok(vec![Finding::ok(FILES, found)]);
    }
    let faults: Vec<_> = survey.faults().iter().map(ToString::to_string).collect();
    let mut findings = vec![if faults.is_empty() {
        Finding::ok(FILES, "all are there, and of one folder")
    } else {
        Finding::fail(
            FILES,
            format!("{}, so the system does not start", faults.join(", ")),
            format!(
                "put every file back from one backup, or `colloquy adopt --data {}`",
                path.display()
            ),
        )
    }];
    let named = |wanted: &str| {
        let mut databases = survey.databases();
        databases.find_map(|(name, database)| (name == wanted).then_some(database))
    };
    if let (Some(write), Some(views)) = (named(WRITE), named(VIEWS)) {
        let events = waiting(write, views, path, is_running).await;
        findings.extend(events.context("views.db cannot be read")?);
    }
    for (_, database) in survey.databases() {
        // A folder that nothing else has open is left as it was, without files beside.
        database.close().await;
    }
    Ok(findings)
}

/// A folder that never served has no tables yet.
async fn waiting(
    write: &SqliteDatabase,
    views: &SqliteDatabase,
    path: &Path,
    is_running: bool,
) -> anyhow::Result<Vec<Finding>> {
    let readers = if is_running {
        Readers::Some
    } else {
        Readers::Stopped
    };
    let ask = async || {
        let progress = EmbeddedLog::progress_beside(write, views, GROUP).await;
        progress.map(|progress| vec![progress])
    };
    let lag = events::lag(readers, ask).await?;
    let count = count_parked(views).await?;
    let list = format!("colloquy parked list --data {}", path.display());
    Ok(vec![lag, events::parked(count, &list)])
}
