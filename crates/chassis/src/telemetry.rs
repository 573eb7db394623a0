//! Logs and metrics of a process.

use std::{
    env,
    ffi::OsStr,
    io::{IsTerminal as _, stderr},
};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing::{Level, Metadata};
use tracing_subscriber::{EnvFilter, filter::filter_fn, fmt, prelude::*};

const TELLERS: [&str; 2] = ["tungstenite", "lettre"];
/// The buckets of durations, in seconds, and of all else. They can be added up over instances, which quantiles cannot.
const SECONDS: [f64; 16] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0,
    600.0,
];
const SIZES: [f64; 9] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 250.0, 500.0];

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For a person; in colours at a terminal, unless the environment variable `NO_COLOR` is set.
    Text,
    /// One JSON object a line.
    Json,
}

/// Whether [`start_logging`] takes a filter.
#[must_use]
pub fn is_filter(filter: &str) -> bool {
    EnvFilter::try_new(filter).is_ok()
}

/// Starts logging to standard error. `filter` is an `EnvFilter` directive list such as `info,colloquy=debug`.
///
/// # Errors
/// The filter does not parse, or logging was started before.
pub fn start_logging(
    filter: &str,
    format: LogFormat,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let filter = EnvFilter::try_new(filter)?;
    let registry = tracing_subscriber::registry()
        .with(filter)
        .with(filter_fn(|event| !tells_payloads(event)));
    let colours = wants_colours(stderr().is_terminal(), env::var_os("NO_COLOR").as_deref());
    match format {
        LogFormat::Text => registry
            .with(fmt::layer().with_ansi(colours).with_writer(stderr))
            .try_init()?,
        LogFormat::Json => registry
            .with(fmt::layer().json().with_writer(stderr))
            .try_init()?,
    }
    Ok(())
}

/// Escape codes in a file or a pipe hide lines from a search. `NO_COLOR` counts with any value but none.
fn wants_colours(is_terminal: bool, no_color: Option<&OsStr>) -> bool {
    is_terminal && no_color.is_none_or(OsStr::is_empty)
}

/// Some libraries log whole frames and messages, which no log may hold, whatever the filter says (S23).
fn tells_payloads(event: &Metadata<'_>) -> bool {
    *event.level() > Level::INFO
        && TELLERS
            .iter()
            .any(|library| event.target().starts_with(library))
}

/// Starts collecting metrics; the handle renders them for Prometheus.
///
/// # Errors
/// Metrics were started before.
pub fn start_metrics() -> Result<PrometheusHandle, Box<dyn std::error::Error + Send + Sync>> {
    let seconds = Matcher::Suffix("_seconds".to_owned());
    Ok(PrometheusBuilder::new()
        .set_buckets(&SIZES)?
        .set_buckets_for_metric(seconds, &SECONDS)?
        .install_recorder()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_lines_are_coloured_at_a_terminal_alone_and_not_for_those_who_want_none() {
        for (is_terminal, no_color, expected) in [
            (true, None, true),
            (true, Some(""), true),
            (true, Some("1"), false),
            (true, Some("0"), false),
            (false, None, false),
            (false, Some("1"), false),
        ] {
            let wanted = wants_colours(is_terminal, no_color.map(OsStr::new));
            assert_eq!(wanted, expected, "{is_terminal} {no_color:?}");
        }
    }
}
