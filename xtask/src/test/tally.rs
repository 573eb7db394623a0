//! Sums of what `cargo test` says about its suites.

use std::{error::Error, fmt, iter::Sum};

/// How many tests passed, failed, were skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: u32,
    pub failed: u32,
    pub skipped: u32,
}

/// A suite that is not green, with what it counted.
#[derive(Debug)]
pub struct Red(pub Tally);

impl Tally {
    /// Adds a line such as `test result: ok. 3 passed; 0 failed; 0 ignored; …`; other lines count nothing.
    pub fn read(&mut self, line: &str) {
        let Some((_, counts)) = line
            .strip_prefix("test result: ")
            .and_then(|result| result.split_once(". "))
        else {
            return;
        };
        for count in counts.split(';') {
            let mut words = count.split_whitespace();
            let number = words.next().and_then(|word| word.parse::<u32>().ok());
            let (Some(number), Some(word)) = (number, words.next()) else {
                continue;
            };
            match word {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.skipped += number,
                _ => {}
            }
        }
    }

    /// # Errors
    /// When the run ended badly, a test failed or was skipped, or there was none.
    pub fn judge(self, ended_well: bool) -> Result<(), Red> {
        let is_green = ended_well && self.failed == 0 && self.skipped == 0 && self.passed > 0;
        if is_green { Ok(()) } else { Err(Red(self)) }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

impl fmt::Display for Red {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the suite is not green: {}", self.0)
    }
}

impl Error for Red {}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), |sum, tally| Self {
            passed: sum.passed + tally.passed,
            failed: sum.failed + tally.failed,
            skipped: sum.skipped + tally.skipped,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&str]) -> Tally {
        let mut tally = Tally::default();
        for line in lines {
            tally.read(line);
        }
        tally
    }

    #[test]
    fn result_lines_are_summed_and_others_ignored() {
        let tally = of(&[
            "running 3 tests",
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 4 filtered out; finished in 0.00s",
            "test result: FAILED. 1 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s",
        ]);
        assert_eq!(tally.to_string(), "4 passed, 2 failed, 1 skipped");
    }

    #[test]
    fn a_skipped_test_is_a_failure() {
        let tally = of(&["test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured;"]);
        assert!(tally.judge(true).is_err());
    }

    #[test]
    fn a_suite_without_tests_or_with_a_bad_end_is_not_green() {
        assert!(Tally::default().judge(true).is_err());
        let tally = of(&["test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured;"]);
        assert!(tally.judge(false).is_err());
        assert!(tally.judge(true).is_ok());
    }
}
