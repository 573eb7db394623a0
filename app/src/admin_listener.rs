//! Health and metrics, for operators: apart from what clients call (decision 24).

use std::{net::SocketAddr, time::Duration};

use axum::Router;
use colloquy_chassis::{
    admin,
    figures::{self, Figures},
    http_server,
    lifecycle::Tasks,
    readiness::Readiness,
    router::finish,
    spans::otlp::{self, Collector},
    telemetry,
};
use tokio::time::timeout;

use crate::{listening, settings::Telemetry};

/// The interval at which measured values are summed up; until then each value is kept.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Starts the metrics, once in a process and before anything is counted, and answers their route and what is looked up
/// whenever it is asked.
///
/// # Errors
/// Metrics are recorded already.
pub fn metrics(readiness: Readiness, tasks: &Tasks) -> anyhow::Result<(Router, Figures)> {
    let handle = telemetry::start_metrics().map_err(anyhow::Error::from_boxed)?;
    let figures = Figures::of_process();
    figures::gauges(&[(
        "colloquy_ready",
        "Whether /readyz says that the process is ready.",
    )]);
    figures.look_up(move || {
        let is_ready = readiness.waiting_for().is_empty();
        metrics::gauge!("colloquy_ready").set(f64::from(u8::from(is_ready)));
    });
    let (summed_up, stop) = (handle.clone(), tasks.clone());
    tasks.spawn_vital("metrics", async move {
        while timeout(UPKEEP_INTERVAL, stop.stopping()).await.is_err() {
            summed_up.run_upkeep();
        }
    });
    Ok((admin::metrics_route(handle, figures.clone()), figures))
}

/// Sends traces to the collector of the settings, if there is one.
///
/// # Errors
/// The setting is no address of a collector.
pub fn traces(settings: &Telemetry, service: &'static str, tasks: &Tasks) -> anyhow::Result<()> {
    if settings.otlp_endpoint.is_empty() {
        return Ok(());
    }
    let collector = Collector {
        endpoint: settings.otlp_endpoint.clone(),
        sample_ratio: settings.sample_ratio,
        service,
    };
    Ok(otlp::start(&collector, tasks)?)
}

/// Serves `/livez`, `/readyz` and these metrics at an address that only operators reach.
///
/// # Errors
/// The address cannot be bound.
pub async fn serve(
    address: SocketAddr,
    readiness: Readiness,
    metrics: Router,
    tasks: &Tasks,
) -> anyhow::Result<()> {
    let listener = listening::bind(address).await?;
    let routes = finish(admin::health_routes(readiness).merge(metrics));
    let serving = http_server::serve(listener, routes, tasks.clone());
    tasks.spawn_vital("admin listener", serving);
    Ok(())
}
