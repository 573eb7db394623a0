//! The folder of an all-in-one system: one process at a time.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

/// A data folder that this process holds. The lock goes with the process, however it ends.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
}

/// Why a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataFolderError {
    #[error("this platform has no data folder; name one with --data")]
    NoDefault,
    #[error("the data folder {0} is in use by another process")]
    InUse(PathBuf),
    #[error("the data folder {path} cannot be used: {source}")]
    Unusable { path: PathBuf, source: io::Error },
}

impl DataFolder {
    /// Opens the folder, makes it if it is not there, and locks it.
    ///
    /// # Errors
    /// Another process holds it, or it cannot be written.
    pub fn open(named: Option<&Path>) -> Result<Self, DataFolderError> {
        let path = match named {
            Some(path) => path.to_owned(),
            None => dirs::data_dir()
                .ok_or(DataFolderError::NoDefault)?
                .join("colloquy"),
        };
        let unusable = |source| DataFolderError::Unusable {
            path: path.clone(),
            source,
        };
        // What is in it is nobody else's on this machine.
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
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(DataFolderError::InUse(path)),
            Err(TryLockError::Error(source)) => Err(unusable(source)),
        }
    }

    /// A file or folder in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
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
        use std::os::unix::fs::PermissionsExt as _;
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("made");
        DataFolder::open(Some(&path)).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    }
}
