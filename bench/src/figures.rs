//! The figures of performance.md, each measured against its baseline.

pub mod delivery;
pub mod durable;
pub mod idle;
pub mod idle_processes;
pub mod million;
mod run;
pub mod start;
mod whole;
pub mod width;
pub mod writes;
