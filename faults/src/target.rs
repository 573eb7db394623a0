//! The system under faults: what can be killed, how it comes back, and where its stores are.

mod all_in_one;
mod distributed;

use anyhow::Result;

pub use self::{all_in_one::AllInOne, distributed::DistributedSystem};
use crate::{
    evidence::Evidence,
    plan::{Build, Mode},
};

/// A running system that the run may hurt.
pub enum Target {
    AllInOne(AllInOne),
    Distributed(DistributedSystem),
}

impl Target {
    /// Starts the system.
    ///
    /// # Errors
    /// It cannot be started, or is not there.
    pub async fn start(mode: Mode, build: Build) -> Result<Self> {
        Ok(match mode {
            Mode::AllInOne => Self::AllInOne(AllInOne::start(build).await?),
            Mode::Distributed => Self::Distributed(DistributedSystem::start(build).await?),
        })
    }

    /// Where clients reach it.
    pub fn url(&self) -> String {
        match self {
            Self::AllInOne(system) => system.url(),
            Self::Distributed(system) => system.url(),
        }
    }

    /// Everything that may be killed, by name.
    pub fn victims(&self) -> Vec<String> {
        match self {
            Self::AllInOne(_) => vec!["colloquy".to_owned()],
            Self::Distributed(system) => system.processes(),
        }
    }

    /// Kills one victim with SIGKILL.
    ///
    /// # Errors
    /// It was not running: a fault that does not fire proves nothing.
    pub async fn kill(&mut self, victim: &str) -> Result<()> {
        match self {
            Self::AllInOne(system) => system.kill(),
            Self::Distributed(system) => system.kill(victim).await,
        }
    }

    /// Starts it again and waits until it is ready.
    ///
    /// # Errors
    /// It does not come back.
    pub async fn revive(&mut self, victim: &str) -> Result<()> {
        match self {
            Self::AllInOne(system) => system.revive().await,
            Self::Distributed(system) => system.revive(victim).await,
        }
    }

    /// Reads all stores.
    ///
    /// # Errors
    /// A store cannot be read.
    pub async fn evidence(&self) -> Result<Evidence> {
        match self {
            Self::AllInOne(system) => system.evidence().await,
            Self::Distributed(system) => system.evidence().await,
        }
    }

    /// Ends what this run started.
    ///
    /// # Errors
    /// Something does not end.
    pub async fn end(self) -> Result<()> {
        match self {
            Self::AllInOne(_) => Ok(()),
            Self::Distributed(system) => system.end().await,
        }
    }
}
