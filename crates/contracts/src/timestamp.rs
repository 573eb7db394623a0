//! Instants, cut to milliseconds where they arise so that every store holds the same value.

use std::{fmt, str::FromStr};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::ToSchema;

/// A UTC instant in whole milliseconds, written as ISO 8601 with exactly three digits of fraction and a `Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ToSchema)]
#[schema(
    value_type = String,
    description = "A UTC instant in whole milliseconds.",
    format = DateTime,
    pattern = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$",
    examples("2023-11-14T22:13:20.120Z")
)]
pub struct Timestamp(i64);

/// A text that is no instant.
#[derive(Debug, thiserror::Error)]
#[error("not an ISO 8601 instant: {0}")]
pub struct TimestampError(String);

impl Timestamp {
    /// The instant this many milliseconds after 1970-01-01T00:00:00Z.
    ///
    /// Values that no calendar can show (beyond about ±262,000 years) are written as the epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, as tokens carry them.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = DateTime::<Utc>::from_timestamp_millis(self.0).unwrap_or_default();
        f.write_str(&instant.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        DateTime::parse_from_rfc3339(text)
            .map(|instant| Self(instant.timestamp_millis()))
            .map_err(|_| TimestampError(text.to_owned()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decision_4_instants_have_exactly_three_digits_of_fraction() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_700_000_000_120, "2023-11-14T22:13:20.120Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(Timestamp::from_millis(millis).to_string(), text);
            assert_eq!(
                text.parse::<Timestamp>().unwrap(),
                Timestamp::from_millis(millis)
            );
        }
    }

    #[test]
    fn decision_4_finer_fractions_are_cut_not_rounded() {
        assert_eq!(
            "2023-11-14T22:13:20.1209999Z"
                .parse::<Timestamp>()
                .unwrap()
                .millis(),
            1_700_000_000_120
        );
    }
}
