//! Waiting between tries while a part is down.

use std::time::Duration;

/// Doubles from 50 ms to a ceiling: 1 s unless another is named, so that recovery is noticed within a second.
#[derive(Debug)]
pub struct Backoff {
    next: Duration,
    ceiling: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self::up_to(Duration::from_secs(1))
    }
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(50);

    /// With this ceiling, for what may stay away for hours and is in no hurry.
    #[must_use]
    pub const fn up_to(ceiling: Duration) -> Self {
        Self {
            next: Self::FIRST,
            ceiling,
        }
    }

    /// Waits, and longer the next time.
    pub async fn wait(&mut self) {
        tokio::time::sleep(self.next).await;
        self.next = (self.next * 2).min(self.ceiling);
    }

    /// Starts over after a success.
    pub fn reset(&mut self) {
        self.next = Self::FIRST;
    }
}
