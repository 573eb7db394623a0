//! What one run measured.

use crate::measure::Cpu;

/// The CPU that a server used for each delivery of one run.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// Microseconds for each delivery.
    pub micros: f64,
    /// The kernel's share of them, between 0 and 1.
    pub kernel_share: f64,
}

impl Run {
    /// From what a server used for so many deliveries.
    #[must_use]
    pub fn new(used: Cpu, deliveries: u64) -> Self {
        Self {
            micros: used.micros_each(deliveries),
            kernel_share: used.kernel_share(),
        }
    }
}
