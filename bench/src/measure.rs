//! What the operating system says about a process and the machine, and what follows from several runs.

pub mod cpu;
pub mod distributed;
pub mod machine;
pub mod memory;
pub mod process;
pub mod statistics;

pub use cpu::Cpu;
pub use statistics::Spread;
