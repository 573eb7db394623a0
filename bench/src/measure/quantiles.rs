//! How long most waits took, and almost all.

use std::time::Duration;

use super::Spread;

/// Two percentiles of one run, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantiles {
    /// Half of them took at most so long.
    pub p50: f64,
    /// 99 of 100 did.
    pub p99: f64,
}

impl Quantiles {
    /// Exact: of all waits, by nearest rank. `None` if there is none.
    #[must_use]
    pub fn of(waits: impl IntoIterator<Item = Duration>) -> Option<Self> {
        let mut waits: Vec<Duration> = waits.into_iter().collect();
        waits.sort_unstable();
        let rank = |percent: usize| {
            let rank = (waits.len() * percent).div_ceil(100);
            let wait = waits.get(rank.checked_sub(1)?)?;
            Some(wait.as_secs_f64() * 1e3)
        };
        Some(Self {
            p50: rank(50)?,
            p99: rank(99)?,
        })
    }
}

/// The percentiles of several runs.
#[derive(Clone, Copy, Debug)]
pub struct QuantileSpread {
    /// Of the medians.
    pub p50: Spread,
    /// Of the 99th percentiles.
    pub p99: Spread,
}

impl QuantileSpread {
    /// Of at least one run.
    #[must_use]
    pub fn of(runs: impl Iterator<Item = Quantiles> + Clone) -> Option<Self> {
        Some(Self {
            p50: Spread::of(runs.clone().map(|run| run.p50))?,
            p99: Spread::of(runs.map(|run| run.p99))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(millis: impl IntoIterator<Item = u64>) -> Option<(f64, f64)> {
        let waits = millis.into_iter().map(Duration::from_millis);
        Quantiles::of(waits).map(|quantiles| (quantiles.p50, quantiles.p99))
    }

    #[test]
    fn percentiles_are_waits_that_were_measured() {
        assert_eq!(of((1..=200).rev()), Some((100.0, 198.0)));
        assert_eq!(of([7]), Some((7.0, 7.0)));
        assert_eq!(of([1, 1, 1, 90]), Some((1.0, 90.0)));
        assert_eq!(of([]), None);
    }
}
