//! What the wall clock has said over time, so that nothing is deleted because it is wrong for a while (decision 39).

use std::time::Duration;

use colloquy_contracts::Timestamp;
use serde::{Deserialize, Serialize};

/// What is over-age must have been so for this long, of running time.
const APART: Duration = Duration::from_secs(60 * 60);

/// Readings of the wall clock, and how long it ran while they were taken: kept in the store that is swept, because
/// processes may live shorter than an hour. Stretches of at least an hour follow one another; of each its lowest reading
/// is kept until the next one ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockReadings {
    /// Milliseconds of running time, of all processes that took readings one after another.
    ran: i64,
    /// When the present stretch began, of the running time.
    since: i64,
    /// The lowest of the present stretch, in milliseconds since 1970, as all instants here.
    lowest: i64,
    /// The lowest of the stretch before.
    lowest_before: Option<i64>,
    highest: i64,
}

impl Default for ClockReadings {
    /// Those of a clock that was never read.
    fn default() -> Self {
        Self {
            ran: 0,
            since: 0,
            lowest: i64::MAX,
            lowest_before: None,
            highest: i64::MIN,
        }
    }
}

impl ClockReadings {
    /// With one more, after running for so long since the one before.
    #[must_use]
    pub fn with(self, now: Timestamp, after: Duration) -> Self {
        let after = i64::try_from(after.as_millis()).unwrap_or(i64::MAX);
        let ran = self.ran.saturating_add(after);
        let now = now.millis();
        let (lowest, highest) = (self.lowest.min(now), self.highest.max(now));
        if ran - self.since < APART.as_millis() as i64 {
            return Self {
                ran,
                lowest,
                highest,
                ..self
            };
        }
        Self {
            ran,
            since: ran,
            lowest: now,
            lowest_before: Some(lowest),
            highest,
        }
    }

    /// The running time so far.
    #[must_use]
    pub fn ran(&self) -> Duration {
        Duration::from_millis(self.ran.unsigned_abs())
    }

    /// What ended by then is over-age for sure: it was so at every reading of more than an hour. `None` while the clock
    /// has not been read for that long.
    #[must_use]
    pub fn over_age(&self) -> Option<Timestamp> {
        let before = self.lowest_before?;
        Some(Timestamp::from_millis(before.min(self.lowest)))
    }

    /// The latest instant that was ever read, right or wrong.
    #[must_use]
    pub fn highest(&self) -> Timestamp {
        Timestamp::from_millis(self.highest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);
    const START: i64 = 1_700_000_000_000;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_millis(START + minutes * 60_000)
    }

    /// A reading each minute, of a clock that is ahead by so many minutes from one minute of running time to another.
    fn read(minutes: i64, ahead: i64, (from, until): (i64, i64)) -> ClockReadings {
        (0..=minutes).fold(ClockReadings::default(), |readings, minute| {
            let wrong = (from..until).contains(&minute);
            let now = at(minute + if wrong { ahead } else { 0 });
            readings.with(now, if minute == 0 { Duration::ZERO } else { MINUTE })
        })
    }

    #[test]
    fn b05_in_the_first_hour_nothing_is_over_age_however_old_it_seems() {
        assert_eq!(ClockReadings::default().over_age(), None);
        assert_eq!(read(59, 0, (0, 0)).over_age(), None);
        assert_eq!(read(60, 0, (0, 0)).over_age(), Some(at(0)));
        assert_eq!(read(59, 100_000, (0, 100)).over_age(), None);
    }

    #[test]
    fn b05_a_clock_that_is_ahead_for_less_than_an_hour_makes_nothing_over_age() {
        for from in 0..240 {
            for minutes in from..from + 180 {
                let readings = read(minutes, 100_000, (from, from + 60));
                let over_age = readings.over_age();
                assert!(over_age <= Some(at(minutes)), "{from} {minutes}");
            }
        }
    }

    #[test]
    fn b05_what_is_over_age_for_two_hours_is_known_to_be() {
        for minutes in 120..400 {
            let over_age = read(minutes, 0, (0, 0)).over_age().unwrap();
            assert!(over_age >= at(minutes - 120), "{minutes}");
            assert!(over_age <= at(minutes - 60), "{minutes}");
        }
    }

    /// Also while the process is not there, and however short it lives.
    #[test]
    fn b05_time_in_which_nothing_runs_does_not_count() {
        let mut readings = ClockReadings::default();
        for start in 0..120 {
            let day = start * 24 * 60;
            readings = readings.with(at(day), Duration::ZERO);
            readings = readings.with(at(day + 1), MINUTE);
            let expected =
                (start >= 59).then_some(at(if start < 119 { 0 } else { 59 * 24 * 60 + 1 }));
            assert_eq!(readings.over_age(), expected, "{start}");
        }
        assert_eq!(readings.ran(), 120 * MINUTE);
    }

    #[test]
    fn b05_the_latest_instant_is_never_forgotten() {
        assert_eq!(read(300, 100_000, (1, 2)).highest(), at(100_001));
    }
}
