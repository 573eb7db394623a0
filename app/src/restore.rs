//! `colloquy restore`: makes a data folder of a backup.
//!
//! Whatever ends it half-way, a start refuses the folder or finds nothing in it: everything is first copied and checked
//! in a folder of its own, and then put in its place, `accounts.db` first and `write.db` last.

use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::Path,
    process::ExitCode,
};

use anyhow::{Context as _, ensure};

use crate::{
    backup::{
        FOLDERS, size,
        sums::{self, Sums},
    },
    data_folder::{
        DataFolder,
        survey::Survey,
        verdict::{NAMES, TRUTH, WRITE},
    },
};

/// Where the files are until all are checked.
const UNFINISHED: &str = "restoring";
/// Without these the next start makes a new key, and no cookie of before is good.
const SESSION_KEYS: &str = "keys/session/";

/// Puts the backup into a data folder that is empty or not there, and prints what it did.
///
/// # Errors
/// The backup is not whole, there is something in the data folder, or a process uses it, or a file cannot be written.
pub async fn run(
    backup: &Path,
    data: Option<&Path>,
    keep_sessions: bool,
) -> anyhow::Result<ExitCode> {
    let sums = sums::read(backup)?;
    for name in &NAMES[..TRUTH] {
        ensure!(sums.contains_key(*name), "the backup has no {name}");
    }
    let folder = DataFolder::open(data)?;
    ensure_empty(folder.path())?;
    let unfinished = folder.join(UNFINISHED);
    fs::create_dir(&unfinished)?;
    let staged = async {
        copy(backup, &sums, &unfinished)?;
        renew(&unfinished).await
    };
    if let Err(error) = staged.await {
        fs::remove_dir_all(&unfinished).context("what was copied cannot be removed")?;
        return Err(error);
    }
    if !keep_sessions && unfinished.join(SESSION_KEYS).exists() {
        fs::remove_dir_all(unfinished.join(SESSION_KEYS))?;
    }
    put_in_place(&unfinished, folder.path())
        .with_context(|| format!("{} is not complete", folder.path().display()))?;
    println!(
        "Restored {} from {}: {}, each as it was written.",
        folder.path().display(),
        backup.display(),
        size(backup, sums.keys())?
    );
    if keep_sessions {
        println!("Sessions go on, also those that have ended since the backup.");
    } else {
        println!("All sessions have ended: each user logs in again.");
    }
    Ok(ExitCode::SUCCESS)
}

fn ensure_empty(folder: &Path) -> anyhow::Result<()> {
    for entry in folder.read_dir()? {
        let name = entry?.file_name();
        ensure!(
            name == "lock" || name == "lost+found",
            "{} is not empty ({} is there); a restore overwrites nothing, so move what is there away first",
            folder.display(),
            name.to_string_lossy()
        );
    }
    Ok(())
}

/// Copies every file of the backup, and compares the copies with the digests.
fn copy(backup: &Path, sums: &Sums, into: &Path) -> anyhow::Result<()> {
    for (path, expected) in sums {
        let place = into.join(path);
        let parent = place.parent().expect("it is below a folder");
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700).create(parent)?;
        fs::copy(backup.join(path), &place)
            .with_context(|| format!("{path} of the backup cannot be copied"))?;
        ensure!(
            sums::sum(&place)? == *expected,
            "{path} of the backup is not as it was written; take another backup"
        );
    }
    Ok(())
}

/// Makes a data folder of its own of the copies, so that no file of the earlier one, which went on after the backup, is
/// ever taken for one of these.
async fn renew(copies: &Path) -> anyhow::Result<()> {
    let copies = DataFolder::beside(copies);
    let survey = Survey::of(&copies).await?;
    survey.renew().await?;
    Ok(())
}

fn put_in_place(from: &Path, into: &Path) -> io::Result<()> {
    let (last, rest): (Vec<_>, Vec<_>) = NAMES.iter().partition(|name| **name == WRITE);
    for name in rest.into_iter().chain(&FOLDERS).chain(last) {
        sync_below(&from.join(name))?;
        match fs::rename(from.join(name), into.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            moved => moved?,
        }
        File::open(into)?.sync_all()?;
    }
    fs::remove_dir_all(from)
}

/// Syncs a file, or a folder with all that is in it, if it is there.
fn sync_below(path: &Path) -> io::Result<()> {
    if !path.exists() {
        return Ok(());
    }
    if path.is_dir() {
        for entry in path.read_dir()? {
            sync_below(&entry?.path())?;
        }
    }
    File::open(path)?.sync_all()
}
