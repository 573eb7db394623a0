//! What the operating system says about a process and the machine, and what follows from several runs.

pub mod cpu;
pub mod distributed;
pub mod exposition;
pub mod machine;
pub mod memory;
pub mod process;
pub mod quantiles;
pub mod statistics;

pub use cpu::Cpu;
pub use quantiles::{QuantileSpread, Quantiles};
pub use statistics::Spread;
