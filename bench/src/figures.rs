//! The figures of performance.md, each measured against its baseline.

pub mod delivery;
pub mod durable;
mod filled_room;
pub mod growth;
pub mod idle;
pub mod idle_processes;
pub mod latency;
pub mod logins;
pub mod memory;
pub mod million;
pub mod page;
mod run;
pub mod saturation;
pub mod start;
mod whole;
pub mod width;
pub mod writes;
