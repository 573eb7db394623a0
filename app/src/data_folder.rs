//! The folder of an all-in-one system: one process at a time, closed to other users, whole or refused (decision 41).

pub mod mark;
pub mod survey;
pub mod verdict;

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use rustix::fs::Mode;

/// The permissions of users other than the owner.
const OTHERS: u32 = 0o077;
/// The suffixes of the files that SQLite keeps beside a database.
const SUFFIXES: [&str; 2] = ["-wal", "-shm"];

/// A data folder. This process has locked it, unless it only reads it; the lock ends with the process, however that ends.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    lock: Option<File>,
}

/// Why a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataFolderError {
    #[error("this platform has no data folder; name one with --data")]
    NoDefault,
    #[error("the data folder {0} is in use by another process")]
    InUse(PathBuf),
    #[error("the data folder {path} cannot be used")]
    Unusable { path: PathBuf, source: io::Error },
}

impl DataFolder {
    /// Opens the folder, makes it if it is not there, and locks it.
    ///
    /// # Errors
    /// Another process has locked it, or it cannot be written.
    pub fn open(named: Option<&Path>) -> Result<Self, DataFolderError> {
        let path = Self::path_of(named)?;
        let unusable = |source| DataFolderError::Unusable {
            path: path.clone(),
            source,
        };
        close_what_is_made();
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .map_err(unusable)?;
        let lock = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path.join("lock"))
            .map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {
                warn_if_open(&path).map_err(unusable)?;
                Ok(Self {
                    path,
                    lock: Some(lock),
                })
            }
            Err(TryLockError::WouldBlock) => Err(DataFolderError::InUse(path)),
            Err(TryLockError::Error(source)) => Err(unusable(source)),
        }
    }

    /// The path of the folder that is named, or of the platform's.
    ///
    /// # Errors
    /// The platform has none.
    pub fn path_of(named: Option<&Path>) -> Result<PathBuf, DataFolderError> {
        if let Some(path) = named {
            return Ok(path.to_owned());
        }
        let of_user = dirs::data_dir().ok_or(DataFolderError::NoDefault)?;
        Ok(of_user.join("colloquy"))
    }

    /// An existing folder, to read beside the process that may have locked it.
    pub fn beside(path: &Path) -> Self {
        close_what_is_made();
        Self {
            path: path.to_owned(),
            lock: None,
        }
    }

    /// The path of a file or folder in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The path of the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the database of that name, which no connection has open, out of use without deleting anything, and answers
    /// the new name of its file.
    ///
    /// # Errors
    /// A file cannot be renamed.
    pub fn set_aside(&self, name: &str) -> Result<String, DataFolderError> {
        let free = |number: &u32| !self.join(&format!("{name}.aside.{number}")).exists();
        let number = (1..).find(free).expect("a folder holds fewer files");
        let aside = format!("{name}.aside.{number}");
        for beside in SUFFIXES.iter().chain([&""]) {
            let moved = fs::rename(
                self.join(&format!("{name}{beside}")),
                self.join(&format!("{aside}{beside}")),
            );
            match moved {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(self.unusable(error));
                }
                _ => {}
            }
        }
        Ok(aside)
    }

    /// Closes to other users the files of that database which an earlier release made open to them. A file that belongs
    /// to another user stays as it is, and so does a folder that is only looked at.
    fn close_to_others(&self, name: &str) {
        if self.lock.is_none() {
            return;
        }
        for beside in SUFFIXES.iter().chain([&""]) {
            let path = self.join(&format!("{name}{beside}"));
            let Ok(metadata) = path.metadata() else {
                continue;
            };
            let mode = metadata.permissions().mode();
            if mode & OTHERS == 0 {
                continue;
            }
            if let Err(error) = fs::set_permissions(&path, Permissions::from_mode(mode & !OTHERS)) {
                tracing::warn!(file = %path.display(), %error, "other users of this machine can open a file of the data folder");
            }
        }
    }

    fn unusable(&self, source: io::Error) -> DataFolderError {
        DataFolderError::Unusable {
            path: self.path.clone(),
            source,
        }
    }
}

/// From now on this process makes files and folders that only its own user can open, whatever the umask was. SQLite gives
/// a write-ahead log the mode of its database, but makes that with the umask's.
pub fn close_what_is_made() {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

/// A folder that the operator has made keeps its mode.
fn warn_if_open(path: &Path) -> io::Result<()> {
    let mode = path.metadata()?.permissions().mode();
    if mode & OTHERS != 0 {
        tracing::warn!(
            folder = %path.display(), mode = format!("{:04o}", mode & 0o7777),
            "other users of this machine can enter the data folder; close it with chmod 700"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decision_10_a_folder_has_one_process() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataFolder::open(Some(folder.path())).unwrap();
        assert!(matches!(
            DataFolder::open(Some(folder.path())),
            Err(DataFolderError::InUse(_))
        ));
        drop(first);
        DataFolder::open(Some(folder.path())).unwrap();
    }

    #[test]
    fn a_folder_that_we_make_is_closed_to_others() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("made");
        DataFolder::open(Some(&path)).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    }
}
