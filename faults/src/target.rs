//! The system under faults: what can be killed, how it comes back, and where its stores are.

mod all_in_one;
mod distributed;
mod small_disk;

use anyhow::{Result, bail};

pub use self::{
    all_in_one::AllInOne,
    distributed::{DistributedSystem, afresh, stop},
    small_disk::SmallDisk,
};
use crate::{
    evidence::{Evidence, Parked},
    plan::{Build, Mode},
};

/// A running system that the run may inject.
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

    /// The distributed system.
    ///
    /// # Errors
    /// The target is the other one.
    pub fn distributed(&self) -> Result<&DistributedSystem> {
        match self {
            Self::Distributed(system) => Ok(system),
            Self::AllInOne(_) => bail!("this scenario is for the distributed system"),
        }
    }

    /// The all-in-one process.
    ///
    /// # Errors
    /// The target is the other one.
    pub fn all_in_one(&mut self) -> Result<&mut AllInOne> {
        match self {
            Self::AllInOne(system) => Ok(system),
            Self::Distributed(_) => bail!("this scenario is for the all-in-one process"),
        }
    }

    /// The parked events whose ids begin with this prefix.
    ///
    /// # Errors
    /// The view store cannot be read.
    pub async fn parked(&self, prefix: &str) -> Result<Vec<Parked>> {
        let mut parked = match self {
            Self::AllInOne(system) => system.stores().parked().await?,
            Self::Distributed(system) => system.stores().parked().await?,
        };
        parked.retain(|event| event.event_id.starts_with(prefix));
        Ok(parked)
    }

    /// Reads all stores.
    ///
    /// # Errors
    /// A store cannot be read.
    pub async fn evidence(&self) -> Result<Evidence> {
        match self {
            Self::AllInOne(system) => system.stores().read().await,
            Self::Distributed(system) => system.stores().read().await,
        }
    }

    /// Ends what this run started; the product's processes of the distributed system stay for the next run, until
    /// [`stop`].
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
