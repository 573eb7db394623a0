//! The figures of performance.md, each measured against its baseline.

pub mod delivery;
pub mod idle;
pub mod idle_processes;
mod run;
mod whole;
pub mod writes;
