//! What can be measured here, and how the bench is called for it.

use std::time::Duration;

use anyhow::Result;
use clap::ValueEnum;

use crate::{parts, places::Places, system};

/// What can be measured here, by its number in docs/reference/performance.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Figure {
    /// CPU per delivery, against a raw broadcaster
    G3,
    /// CPU per delivery when saturated, against a raw broadcaster that coalesces
    G4,
    /// Memory of an idle connection, and CPU of a connect (G8)
    G7,
    /// Durable sends on PostgreSQL, against pgbench
    G9,
    /// Durable sends on embedded stores, against a loop of one-row transactions
    G11,
    /// From the send to the last of a hundred members, all-in-one
    G12,
    /// From the send to the subscribers, distributed
    G13,
    /// CPU of a page of history, against its SELECT and an empty handler
    G14,
    /// Deliveries while passwords are hashed, against without
    G16,
    /// From the start to ready
    G17,
    /// CPU of a page and of a send as history and rooms grow
    G18,
    /// Memory of the all-in-one process after a hundred logins
    Memory,
    /// Memory of each process of the distributed system after a load
    MemoryProcesses,
    /// What the distributed system takes while no client is there
    Idle,
    /// Durable sends of the distributed system and the CPU of each, by process (G5)
    Writes,
}

impl Figure {
    /// Whether it is of the distributed system.
    pub fn needs_the_distributed_system(self) -> bool {
        matches!(
            self,
            Self::G9 | Self::G13 | Self::MemoryProcesses | Self::Idle | Self::Writes
        )
    }

    /// What the bench is called with; `quick` is for a look, not for the page.
    ///
    /// # Errors
    /// What it needs is not installed.
    pub fn arguments(self, places: &Places, quick: bool) -> Result<Vec<String>> {
        let mut arguments = vec![self.command().to_owned()];
        if self.needs_the_distributed_system() && self != Self::Idle {
            arguments.extend(["--url".to_owned(), system::public_url(places)]);
        }
        if self == Self::G9 {
            let pgbench = parts::postgres::program("pgbench")?.display().to_string();
            let postgres = parts::postgres::tls_url(places, "app");
            let own = ["--postgres", &postgres, "--pgbench", &pgbench];
            arguments.extend(own.map(str::to_owned));
        }
        if quick {
            arguments.extend(self.quickly().split(' ').map(str::to_owned));
        }
        Ok(arguments)
    }

    fn command(self) -> &'static str {
        match self {
            Self::G3 => "g3",
            Self::G4 => "g4",
            Self::G7 => "g7",
            Self::G9 => "g9",
            Self::G11 => "g11",
            Self::G12 => "g12",
            Self::G13 => "g13",
            Self::G14 => "g14",
            Self::G16 => "g16",
            Self::G17 => "g17",
            Self::G18 => "g18",
            Self::Memory => "memory",
            Self::MemoryProcesses => "memory-processes",
            Self::Idle => "idle-processes",
            Self::Writes => "writes",
        }
    }

    /// Few and short runs.
    fn quickly(self) -> &'static str {
        match self {
            Self::G3 => "--pairs 2 --seconds 3",
            Self::G4 | Self::G9 | Self::G11 | Self::G14 => "--pairs 2 --seconds 2",
            Self::G7 => "--idle-pairs 1 --idle-seconds 5",
            Self::G12 | Self::G13 | Self::G16 => "--runs 2 --seconds 5",
            Self::G17 => "--messages 200 --starts 3",
            Self::G18 => "--messages 100,1000,10000 --rooms 10,100,1000 --rounds 2 --pages 200",
            Self::Memory => "--starts 1",
            Self::MemoryProcesses | Self::Writes => "--seconds 2",
            Self::Idle => "--seconds 5",
        }
    }

    /// What it takes on two cores, by its own times and its preparations, when it is not quick.
    pub fn planned(self) -> Duration {
        let seconds = match self {
            Self::G3 => 330,
            Self::G4 => 90,
            Self::G7 => 270,
            Self::G9 | Self::G11 => 75,
            Self::G12 | Self::G13 => 120,
            Self::G14 => 75,
            Self::G16 => 210,
            Self::G17 => 20,
            Self::G18 => 180,
            Self::Memory => 40,
            Self::MemoryProcesses => 30,
            Self::Idle => 15,
            Self::Writes => 30,
        };
        Duration::from_secs(seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Building from nothing and starting the distributed system take the rest of 75 minutes.
    #[test]
    fn all_figures_together_take_at_most_45_minutes() {
        let planned: Duration = Figure::value_variants()
            .iter()
            .map(|figure| figure.planned())
            .sum();
        assert!(planned <= Duration::from_secs(45 * 60), "{planned:?}");
    }
}
