//! A defect on purpose: with `COLLOQUY_PLANTED_BUG=drop-on-full-queue` a full queue drops frames in silence. It
//! proves that the tests of the whole system detect a lost message.

/// Octets after which the defect drops.
pub const QUEUE_BYTES: usize = 4 * 1024;

/// Whether the defect is switched on.
#[must_use]
pub fn drops_on_full_queue() -> bool {
    std::env::var("COLLOQUY_PLANTED_BUG").is_ok_and(|bug| bug == "drop-on-full-queue")
}
