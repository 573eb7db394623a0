//! `colloquy backup`: copies a data folder, of a system that runs or not, as it is at one moment (ADR 028).

pub mod sums;

use std::{
    collections::BTreeSet,
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail, ensure};
use colloquy_chassis::{Clock as _, SystemClock, lifecycle::termination};
use colloquy_sql::sqlite::{Copied, OneMoment};

use self::sums::Sums;
use crate::data_folder::{DataFolder, survey::Survey, verdict::VIEWS};

/// What is in a data folder beside the SQLite files.
pub const FOLDERS: [&str; 2] = ["keys", "mails"];
/// The ends of the names of files that have no content of their own.
const NO_CONTENT: [&str; 3] = ["/lock", "-wal", "-shm"];

/// Copies the data folder into a folder that is empty or not there, and prints what it did.
///
/// # Errors
/// There is no whole data folder, there is something where the backup would be, or a file cannot be read or written. What
/// was written of the backup is removed.
pub async fn run(data: Option<&Path>, into: &Path) -> anyhow::Result<ExitCode> {
    let data = DataFolder::beside(&DataFolder::path_of(data)?);
    let files = files_of(&data, into).await?;
    let is_made = make(into)?;
    let copying = async {
        tokio::select! {
            copied = copy(&data, &files, into) => copied,
            () = termination() => bail!("the backup was interrupted"),
        }
    };
    let report = match copying.await {
        Ok(report) => report,
        Err(error) => {
            remove(into, is_made).context("what was written of the backup cannot be removed")?;
            return Err(error);
        }
    };
    println!("{report}");
    Ok(ExitCode::SUCCESS)
}

/// The SQLite files of a whole folder, and where their copies will be.
async fn files_of(data: &DataFolder, into: &Path) -> anyhow::Result<Vec<Copied>> {
    let survey = Survey::of(data).await?;
    ensure!(
        survey.is_of_a_system(),
        "there is no all-in-one system in {}",
        data.path().display()
    );
    let mut files = Vec::new();
    for (name, database) in survey.databases() {
        files.push(Copied {
            from: data.join(name),
            to: into.join(name),
        });
        database.readers.close().await;
        database.writer.close().await;
    }
    if let Err(faults) = survey.whole() {
        bail!("{faults}");
    }
    Ok(files)
}

/// Whether the folder was made; otherwise it was there, and empty.
fn make(into: &Path) -> anyhow::Result<bool> {
    let cannot = || format!("{} cannot be used", into.display());
    match DirBuilder::new().mode(0o700).create(into) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let mut entries = into.read_dir().with_context(cannot)?;
            ensure!(
                entries.next().is_none(),
                "{} is not empty; a backup overwrites nothing, so name a folder that is not there yet",
                into.display()
            );
            Ok(false)
        }
        Err(error) => Err(error).with_context(cannot),
    }
}

async fn copy(data: &DataFolder, files: &[Copied], into: &Path) -> anyhow::Result<String> {
    let moment = OneMoment::of(files)
        .await
        .context("the files cannot be read")?;
    let at = SystemClock.now();
    // Keys and mails only come, so what belongs to the files of that moment is there now.
    let mut sums = Sums::new();
    for folder in FOLDERS {
        copy_folder(data.path(), folder, into, &mut sums)?;
    }
    moment
        .write()
        .await
        .context("a file cannot be copied; `colloquy check` says whether it is damaged")?;
    for file in files {
        let name = file.to.file_name().expect("it was joined to a folder");
        note(into, &name.to_string_lossy(), &mut sums)?;
    }
    sums::write(into, &sums)?;
    sync_name(into)?;
    let mut report = format!(
        "Backed up {} as it was at {at}: {} into {}.\nIt holds private keys and password hashes: keep it as safe as the data \
         folder.",
        data.path().display(),
        size(into, sums.keys())?,
        into.display(),
    );
    if !sums.contains_key(VIEWS) {
        report += "\nIt has no views.db; the first start makes it again from write.db.";
    }
    let left_out = left_out(data.path(), &sums)?;
    if !left_out.is_empty() {
        report += &format!("\nNot in it: {}.", left_out.join(", "));
    }
    Ok(report)
}

/// Copies all files below a folder that may not be there. One that has gone meanwhile, as old mails go, is left out.
fn copy_folder(from: &Path, folder: &str, into: &Path, sums: &mut Sums) -> anyhow::Result<()> {
    let entries = match from.join(folder).read_dir() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.with_context(|| format!("{folder} cannot be read"))?,
    };
    DirBuilder::new().mode(0o700).create(into.join(folder))?;
    for entry in entries {
        let name = entry?.file_name();
        let Some(name) = name.to_str().filter(|name| !name.contains('\n')) else {
            bail!("{folder} has a file whose name cannot be noted: {name:?}");
        };
        let path = format!("{folder}/{name}");
        if from.join(&path).is_dir() {
            copy_folder(from, &path, into, sums)?;
            continue;
        }
        match fs::copy(from.join(&path), into.join(&path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            copied => {
                copied.with_context(|| format!("{path} cannot be copied"))?;
                note(into, &path, sums)?;
            }
        }
    }
    File::open(into.join(folder))?.sync_all()?;
    Ok(())
}

/// Syncs a file of the backup, and notes its digest.
fn note(into: &Path, path: &str, sums: &mut Sums) -> io::Result<()> {
    let file = into.join(path);
    File::open(&file)?.sync_all()?;
    sums.insert(path.to_owned(), sums::sum(&file)?);
    Ok(())
}

/// So that the name of a new folder outlives a power cut.
fn sync_name(folder: &Path) -> io::Result<()> {
    match folder.canonicalize()?.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

/// How many files there are, and how large they are together.
pub fn size<'a>(folder: &Path, paths: impl Iterator<Item = &'a String>) -> io::Result<String> {
    let (mut files, mut bytes) = (0_u64, 0);
    for path in paths {
        files += 1;
        bytes += folder.join(path).metadata()?.len();
    }
    Ok(format!("{files} files of {} KiB", bytes.div_ceil(1024)))
}

/// What is in the data folder and not in the backup, such as views that were set aside.
fn left_out(data: &Path, sums: &Sums) -> io::Result<Vec<String>> {
    let mut names = BTreeSet::new();
    for entry in data.read_dir()? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let path = format!("/{name}");
        let is_content = !NO_CONTENT.iter().any(|end| path.ends_with(end));
        if is_content && !sums.contains_key(&name) && !FOLDERS.contains(&name.as_str()) {
            names.insert(name);
        }
    }
    Ok(names.into_iter().collect())
}

fn remove(into: &Path, is_made: bool) -> io::Result<()> {
    if is_made {
        return fs::remove_dir_all(into);
    }
    for entry in into.read_dir()? {
        let path: PathBuf = entry?.path();
        if path.is_dir() {
            fs::remove_dir_all(path)?;
        } else {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}
