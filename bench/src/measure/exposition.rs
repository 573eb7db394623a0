//! What a process says of itself at `/metrics`.

use anyhow::{Context as _, Result};
use colloquy_e2e::client::Client;

/// How often something was recorded in a histogram, and the sum of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recorded {
    count: f64,
    sum: f64,
}

impl Recorded {
    /// What a system of one process has recorded so far.
    ///
    /// # Errors
    /// It has no such histogram.
    pub async fn of(client: &Client, histogram: &str) -> Result<Self> {
        let answer = client.get("/metrics").await?;
        let text = answer.body.as_str().unwrap_or_default();
        parse(text, histogram).with_context(|| format!("no {histogram} at /metrics"))
    }

    /// The mean of what was recorded since then; `None` if nothing was.
    #[must_use]
    pub fn mean_since(self, before: Self) -> Option<f64> {
        let count = self.count - before.count;
        (count > 0.0).then(|| (self.sum - before.sum) / count)
    }
}

fn parse(text: &str, histogram: &str) -> Option<Recorded> {
    let value = |suffix: &str| {
        let name = format!("{histogram}_{suffix} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&name))?;
        line.trim().parse().ok()
    };
    Some(Recorded {
        count: value("count")?,
        sum: value("sum")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# TYPE a_seconds histogram\na_seconds_bucket{le=\"1\"} 3\na_seconds_sum 1.5\na_seconds_count 3\nb 7\n";

    #[test]
    fn count_and_sum_are_found_by_the_whole_name() {
        let expected = Recorded {
            count: 3.0,
            sum: 1.5,
        };
        assert_eq!(parse(TEXT, "a_seconds"), Some(expected));
        assert_eq!(parse(TEXT, "seconds"), None);
        assert_eq!(parse(TEXT, "b"), None);
    }

    #[test]
    fn a_mean_is_of_what_came_in_between() {
        let at = |count, sum| Recorded { count, sum };
        assert_eq!(at(5.0, 3.5).mean_since(at(3.0, 1.5)), Some(1.0));
        assert_eq!(at(3.0, 1.5).mean_since(at(3.0, 1.5)), None);
    }
}
