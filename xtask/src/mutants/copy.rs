//! The copy of the tree in which mutants are made.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

use crate::places::Places;

/// What git knows of the tree, in a folder beside what is built of it.
pub struct Copy {
    root: PathBuf,
    target: PathBuf,
    files: Vec<String>,
}

impl Copy {
    /// Brings the copy up to date; files that are as they were keep their times, so that they are not built again.
    ///
    /// # Errors
    /// Git cannot list the files, or one cannot be copied.
    pub fn of(places: &Places) -> Result<Self> {
        let folder = places.target().join("mutants");
        let root = folder.join("tree");
        fs::create_dir_all(&root)?;
        let mut files = listed(places.repository())?;
        files.retain(|name| places.repository().join(name).is_file());
        for name in &files {
            let bytes = fs::read(places.repository().join(name))?;
            write_if_other(&root.join(name), &bytes).with_context(|| name.clone())?;
        }
        let wanted: HashSet<PathBuf> = files.iter().map(|name| root.join(name)).collect();
        remove_others(&root, &wanted)?;
        Ok(Self {
            target: folder.join("target"),
            root,
            files,
        })
    }

    /// Where a file or folder of the tree is in the copy.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The files whose names begin with `start`.
    pub fn files<'a>(&'a self, start: &'a str) -> impl Iterator<Item = &'a String> {
        self.files
            .iter()
            .filter(move |name| name.starts_with(start))
    }

    /// A `cargo` that builds the copy, without what only a debugger needs.
    pub fn cargo(&self) -> Command {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_PROFILE_DEV_DEBUG", "0");
        cargo
    }
}

fn listed(repository: &Path) -> Result<Vec<String>> {
    let git = Command::new("git")
        .args(["ls-files", "--cached", "--others"])
        .args(["--exclude-standard", "-z"])
        .current_dir(repository)
        .output()?;
    ensure!(git.status.success(), "git cannot list the files");
    let names = String::from_utf8(git.stdout)?;
    let names = names.split('\0').filter(|name| !name.is_empty());
    Ok(names.map(str::to_owned).collect())
}

fn write_if_other(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, bytes)?;
    Ok(())
}

fn remove_others(folder: &Path, wanted: &HashSet<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(&path, wanted)?;
        } else if !wanted.contains(&path) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_what_is_wanted_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let kept = root.path().join("folder/kept");
        write_if_other(&kept, b"text").unwrap();
        let written = fs::metadata(&kept).unwrap().modified().unwrap();
        write_if_other(&root.path().join("folder/gone"), b"text").unwrap();
        write_if_other(&kept, b"text").unwrap();
        remove_others(root.path(), &HashSet::from([kept.clone()])).unwrap();
        assert_eq!(fs::metadata(&kept).unwrap().modified().unwrap(), written);
        assert!(!root.path().join("folder/gone").exists());
        write_if_other(&kept, b"other").unwrap();
        assert_eq!(fs::read(&kept).unwrap(), b"other");
    }
}
