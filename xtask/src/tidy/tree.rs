//! The text files of the repository.

use std::{fs, path::Path};

use anyhow::{Context, Result};

/// Folders that hold what was made, not written.
const SKIPPED: [&str; 6] = [
    ".git",
    ".parts",
    "dist",
    "node_modules",
    "target",
    "test-results",
];

/// One file: its path from the root, with slashes, and its text.
#[derive(Debug)]
pub struct SourceFile {
    pub path: String,
    pub text: String,
}

/// All files with text that can be read as UTF-8.
#[derive(Debug, Default)]
pub struct Tree {
    files: Vec<SourceFile>,
    others: Vec<String>,
}

impl Tree {
    /// Reads the tree below `root`.
    ///
    /// # Errors
    /// When a folder or a file cannot be read.
    pub fn read(root: &Path) -> Result<Self> {
        let mut tree = Self::default();
        tree.read_folder(root, "")?;
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(tree)
    }

    /// The files whose name ends with `end`.
    pub fn ending(&self, end: &str) -> impl Iterator<Item = &SourceFile> {
        self.files
            .iter()
            .filter(move |file| file.path.ends_with(end))
    }

    /// The file at `path`.
    pub fn file(&self, path: &str) -> Option<&SourceFile> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Whether there is a file or a folder at `path`.
    pub fn has(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        let mut paths = self.files.iter().map(|file| &file.path).chain(&self.others);
        path.is_empty() || paths.any(|known| known == path || known.starts_with(&folder))
    }

    fn read_folder(&mut self, folder: &Path, prefix: &str) -> Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{prefix}{name}");
            if entry.file_type()?.is_dir() {
                if !SKIPPED.contains(&name.as_str()) {
                    self.read_folder(&entry.path(), &format!("{path}/"))?;
                }
                continue;
            }
            let bytes = fs::read(entry.path()).with_context(|| format!("{path} cannot be read"))?;
            match String::from_utf8(bytes) {
                Ok(text) => self.files.push(SourceFile { path, text }),
                Err(_) => self.others.push(path),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
impl Tree {
    /// A tree of these files, for the tests of checks.
    pub fn of(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| SourceFile {
            path: (*path).to_owned(),
            text: (*text).to_owned(),
        });
        Self {
            files: files.collect(),
            others: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_is_not_read() {
        let root = tempfile::tempdir().unwrap();
        for folder in ["src", "target"] {
            fs::create_dir(root.path().join(folder)).unwrap();
            fs::write(root.path().join(folder).join("a.rs"), "text").unwrap();
        }
        fs::write(root.path().join("logo.png"), [0xff, 0xfe]).unwrap();
        let tree = Tree::read(root.path()).unwrap();
        let paths: Vec<_> = tree.ending(".rs").map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["src/a.rs"]);
        assert!(tree.has("logo.png") && tree.has("src") && !tree.has("target"));
    }
}
