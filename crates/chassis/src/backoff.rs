//! Waiting between tries while a part is down.

use std::time::Duration;

/// Doubles from 50 ms to a ceiling of 1 s, so that recovery is noticed within a second.
#[derive(Debug)]
pub struct Backoff(Duration);

impl Default for Backoff {
    fn default() -> Self {
        Self(Self::FIRST)
    }
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(50);
    const CEILING: Duration = Duration::from_secs(1);

    /// Waits, and longer the next time.
    pub async fn wait(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(Self::CEILING);
    }

    /// Starts over after a success.
    pub fn reset(&mut self) {
        self.0 = Self::FIRST;
    }
}
