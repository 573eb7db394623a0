//! A wall clock that is wrong for one process alone, by as much as a scenario wants, from its start or from one moment to
//! the next. It is a library of a page of C that is put in front of the system's, built here with the C compiler that the
//! project needs anyway; so nothing has to be installed, and the other processes of the machine keep their clock.

use std::{
    env,
    fs::{self, File},
    os::unix::fs::FileExt as _,
    path::PathBuf,
    process::{self, Command},
};

use anyhow::{Context as _, Result, ensure};

const SOURCE: &str = include_str!("shifted_clock/shim.c");

/// The clock of one process. Its files are removed with it.
pub struct ShiftedClock {
    folder: PathBuf,
    seconds: File,
}

impl ShiftedClock {
    /// One that is right.
    ///
    /// # Errors
    /// There is no C compiler, or no folder for its files.
    pub fn new() -> Result<Self> {
        let name = format!("colloquy-clock-{}-{:x}", process::id(), fastrand::u64(..));
        let folder = env::temp_dir().join(name);
        fs::create_dir(&folder)?;
        let clock = Self {
            seconds: File::create_new(folder.join("shift"))?,
            folder,
        };
        clock.set(0)?;
        let source = clock.folder.join("shim.c");
        fs::write(&source, SOURCE)?;
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O2", "-o"])
            .arg(clock.library())
            .arg(source)
            .output()
            .context("there is no C compiler")?;
        ensure!(
            built.status.success(),
            "the library cannot be built: {}",
            String::from_utf8_lossy(&built.stderr)
        );
        Ok(clock)
    }

    /// What a process has to be started with.
    pub fn env(&self) -> Vec<(String, String)> {
        let shift = self.folder.join("shift");
        [
            ("LD_PRELOAD", self.library()),
            ("COLLOQUY_CLOCK_SHIFT", shift),
        ]
        .map(|(name, path)| (name.to_owned(), path.display().to_string()))
        .into()
    }

    /// From now on it is ahead by so many seconds; behind, if they are negative.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn set(&self, seconds: i64) -> Result<()> {
        self.seconds.write_all_at(&seconds.to_ne_bytes(), 0)?;
        Ok(())
    }

    fn library(&self) -> PathBuf {
        self.folder.join("shim.so")
    }
}

impl Drop for ShiftedClock {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
