//! How many frames one client may send: so many at once, and so many a second over time (stomp.md §6).

use tokio::time::Instant;

use crate::Settings;

/// A token bucket: full at first, refilled evenly.
#[derive(Debug)]
pub struct FrameBudget {
    tokens: f32,
    at: Instant,
}

impl FrameBudget {
    /// A full bucket.
    #[must_use]
    pub fn full(settings: &Settings, now: Instant) -> Self {
        Self {
            tokens: burst(settings),
            at: now,
        }
    }

    /// Whether one more frame is within the budget.
    pub fn take(&mut self, settings: &Settings, now: Instant) -> bool {
        let refill = (now - self.at).as_secs_f64() * f64::from(settings.frames_per_second);
        self.tokens = (f64::from(self.tokens) + refill).min(f64::from(burst(settings))) as f32;
        self.at = now;
        let within = self.tokens >= 1.0;
        if within {
            self.tokens -= 1.0;
        }
        within
    }
}

fn burst(settings: &Settings) -> f32 {
    settings.frame_burst as f32
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn stomp_limits_a_client_may_burst_and_then_send_at_the_rate() {
        let settings = Settings {
            frames_per_second: 10,
            frame_burst: 3,
            ..Settings::default()
        };
        let start = Instant::now();
        let mut budget = FrameBudget::full(&settings, start);
        let taken = |budget: &mut FrameBudget, now| {
            std::iter::repeat_with(|| budget.take(&settings, now))
                .take(5)
                .filter(|within| *within)
                .count()
        };

        assert_eq!(taken(&mut budget, start), 3);
        assert_eq!(taken(&mut budget, start + Duration::from_millis(210)), 2);
        assert_eq!(taken(&mut budget, start + Duration::from_secs(60)), 3);
    }
}
