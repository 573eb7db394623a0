//! What cargo knows of our packages and of those that they stand on.

use std::{path::Path, process::Command};

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, MetadataCommand};

/// One package, as the checks need it.
#[derive(Debug)]
pub struct Package {
    pub name: String,
    /// The SPDX expression of its manifest.
    pub licence: Option<String>,
    /// Its folder from the root of the repository, for one of ours.
    pub folder: Option<String>,
    /// The names of what it depends on, tests included.
    pub dependencies: Vec<String>,
}

/// All packages that a build for this machine's platform uses.
#[derive(Debug)]
pub struct Packages(pub Vec<Package>);

impl Packages {
    /// Asks cargo.
    ///
    /// # Errors
    /// When cargo or rustc cannot be asked.
    pub fn read(root: &Path) -> Result<Self> {
        let metadata = MetadataCommand::new()
            .current_dir(root)
            .other_options(vec!["--filter-platform".to_owned(), host()?])
            .exec()?;
        Ok(Self::from_metadata(&metadata))
    }

    fn from_metadata(metadata: &Metadata) -> Self {
        let packages = metadata.packages.iter().map(|package| Package {
            name: package.name.to_string(),
            licence: package.license.clone(),
            folder: package
                .manifest_path
                .parent()
                .and_then(|folder| folder.strip_prefix(&metadata.workspace_root).ok())
                .filter(|_| package.source.is_none())
                .map(|folder| folder.as_str().replace('\\', "/")),
            dependencies: package
                .dependencies
                .iter()
                .map(|dependency| dependency.name.clone())
                .collect(),
        });
        Self(packages.collect())
    }
}

/// The platform of this machine, as rustc names it.
pub fn host() -> Result<String> {
    let version = Command::new("rustc").arg("-vV").output()?;
    String::from_utf8(version.stdout)?
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .context("rustc names no host")
}

#[cfg(test)]
impl Package {
    /// One of our packages, for the tests of checks.
    pub fn ours(name: &str, folder: &str, dependencies: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            licence: Some("MIT".to_owned()),
            folder: Some(folder.to_owned()),
            dependencies: dependencies.iter().map(|&name| name.to_owned()).collect(),
        }
    }
}
