//! Logs and metrics of a process.

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing::{Level, Metadata};
use tracing_subscriber::{EnvFilter, filter::filter_fn, fmt, prelude::*};

const TELLERS: [&str; 2] = ["tungstenite", "lettre"];

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For a person at a terminal.
    Text,
    /// One JSON object a line.
    Json,
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
    match format {
        LogFormat::Text => registry
            .with(fmt::layer().with_writer(std::io::stderr))
            .try_init()?,
        LogFormat::Json => registry
            .with(fmt::layer().json().with_writer(std::io::stderr))
            .try_init()?,
    }
    Ok(())
}

/// Some libraries log whole frames and messages, which are nobody's business, whatever the filter says (S23).
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
    Ok(PrometheusBuilder::new().install_recorder()?)
}
