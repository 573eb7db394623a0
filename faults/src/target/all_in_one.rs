//! One process and its data folder.

use std::path::Path;

use anyhow::Result;
use colloquy_e2e::harness::{Instance, Options};

use super::distributed::{PLANTED_BUG, planted_binary};
use crate::{evidence::Embedded, plan::Build};

/// The process.
pub struct AllInOne(Instance);

impl AllInOne {
    pub async fn start(build: Build) -> Result<Self> {
        let mut options = Options::default();
        if let Build::Planted(bug) = build {
            options.binary = Some(planted_binary()?);
            let named = bug.map(|bug| (PLANTED_BUG.to_owned(), bug.name()));
            options.env.extend(named);
        }
        Ok(Self(Instance::start(options).await?))
    }

    /// The product, with these variables besides its own.
    pub async fn start_with(env: Vec<(String, String)>) -> Result<Self> {
        let options = Options {
            env,
            ..Options::default()
        };
        Ok(Self(Instance::start(options).await?))
    }

    /// With its data on a disk of its own.
    pub async fn start_on(disk: &Path) -> Result<Self> {
        let options = Options {
            disk: Some(disk.to_owned()),
            ..Options::default()
        };
        Ok(Self(Instance::start(options).await?))
    }

    /// Fails if the process has ended.
    pub fn lives(&mut self) -> Result<()> {
        anyhow::ensure!(
            self.0.exited()?.is_none(),
            "the process had ended by itself: {}",
            self.0.log().display()
        );
        Ok(())
    }

    pub fn url(&self) -> String {
        self.0.url()
    }

    pub fn kill(&mut self) -> Result<()> {
        self.lives()?;
        self.0.kill()
    }

    pub async fn revive(&mut self) -> Result<()> {
        self.0.start_again().await.map(|_| ())
    }

    pub fn stores(&self) -> Embedded {
        Embedded(self.0.data().to_owned())
    }

    pub fn data(&self) -> &Path {
        self.0.data()
    }

    pub fn log(&self) -> &Path {
        self.0.log()
    }

    pub fn pid(&self) -> Option<u32> {
        self.0.pid()
    }
}
