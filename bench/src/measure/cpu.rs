//! CPU time of a process.

use std::{fs, io, ops::Sub};

use anyhow::{Context as _, Result};

/// CPU time that a process has used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cpu {
    /// Nanoseconds, by the scheduler's own account.
    pub nanos: u64,
    /// Clock ticks in the program itself.
    user_ticks: u64,
    /// Clock ticks in the kernel on its behalf.
    kernel_ticks: u64,
}

impl Cpu {
    /// What a process has used so far.
    ///
    /// # Errors
    /// It is gone.
    pub fn of(pid: u32) -> Result<Self> {
        let mut nanos = 0;
        for task in fs::read_dir(format!("/proc/{pid}/task"))? {
            match fs::read_to_string(task?.path().join("schedstat")) {
                Ok(text) => nanos += run_time(&text).context("schedstat")?,
                // The thread has ended since it was listed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let (user_ticks, kernel_ticks) = ticks(&stat).context("stat")?;
        Ok(Self {
            nanos,
            user_ticks,
            kernel_ticks,
        })
    }

    /// The kernel's share of it.
    #[must_use]
    pub fn kernel_share(self) -> f64 {
        self.kernel_ticks as f64 / (self.user_ticks + self.kernel_ticks).max(1) as f64
    }

    /// Microseconds for each of so many units of work.
    #[must_use]
    pub fn micros_each(self, units: u64) -> f64 {
        self.nanos as f64 / 1000.0 / units as f64
    }
}

/// Nanoseconds that this thread has used so far.
///
/// # Errors
/// `/proc` is not to be read.
pub fn nanos_of_this_thread() -> Result<u64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    run_time(&text).context("schedstat")
}

impl Sub for Cpu {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            nanos: self.nanos.saturating_sub(before.nanos),
            user_ticks: self.user_ticks - before.user_ticks,
            kernel_ticks: self.kernel_ticks - before.kernel_ticks,
        }
    }
}

/// The first of the three numbers.
fn run_time(schedstat: &str) -> Option<u64> {
    schedstat.split_ascii_whitespace().next()?.parse().ok()
}

/// Fields 14 and 15; the second field is a name in round brackets that may hold anything.
fn ticks(stat: &str) -> Option<(u64, u64)> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_run_time_is_the_first_number() {
        assert_eq!(run_time("123456789 42 7\n"), Some(123_456_789));
        assert_eq!(run_time("\n"), None);
    }

    #[test]
    fn ticks_are_found_behind_a_name_with_spaces_and_brackets() {
        let stat = "7 (a) b) (c) S 1 7 7 0 -1 4194560 100 0 0 0 250 750 0 0 20 0 3 0 100";
        assert_eq!(ticks(stat), Some((250, 750)));
    }

    #[test]
    fn what_is_between_two_readings_is_their_difference() {
        let at = |nanos, user_ticks, kernel_ticks| Cpu {
            nanos,
            user_ticks,
            kernel_ticks,
        };
        let used = at(5_000_000, 30, 80) - at(1_000_000, 10, 20);
        assert_eq!(used, at(4_000_000, 20, 60));
        assert!((used.kernel_share() - 0.75).abs() < 1e-9);
        assert!((used.micros_each(1000) - 4.0).abs() < 1e-9);
    }
}
