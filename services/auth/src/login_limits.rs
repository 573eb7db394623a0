//! How many logins may fail (decision 30, S04): the numbers.

use std::time::Duration;

use colloquy_rate_limit::Lockout;

/// Every number of the rule.
#[derive(Clone, Copy, Debug)]
pub struct LoginLimits {
    /// For each limit of an account: of strangers, of a known address, of a known device.
    pub account: Lockout,
    /// For each client address, over all accounts.
    pub address: Lockout,
    /// How long an address or a device with a success has a limit of its own. Devices forget after 30 days at the latest.
    pub known_for: Duration,
}

const MINUTE: u64 = 60;
const DAY: u64 = 24 * 60 * MINUTE;

impl Default for LoginLimits {
    fn default() -> Self {
        let within = Duration::from_secs(15 * MINUTE);
        Self {
            account: Lockout {
                attempts: 10,
                within,
                longest_lock: Duration::from_secs(DAY),
            },
            address: Lockout {
                attempts: 100,
                within,
                longest_lock: within,
            },
            known_for: Duration::from_secs(30 * DAY),
        }
    }
}
