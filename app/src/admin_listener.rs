//! Health and metrics, for operators: apart from what clients call (decision 24).

use std::{net::SocketAddr, time::Duration};

use axum::Router;
use colloquy_chassis::{
    admin, http_server, lifecycle::Tasks, readiness::Readiness, router::finish, telemetry,
};
use tokio::time::timeout;

use crate::listening;

/// The interval at which measured values are summed up; until then each value is kept.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Starts the metrics, once in a process, and answers their route.
///
/// # Errors
/// Metrics are recorded already.
pub fn metrics(tasks: &Tasks) -> anyhow::Result<Router> {
    let handle = telemetry::start_metrics().map_err(anyhow::Error::from_boxed)?;
    let (summed_up, stop) = (handle.clone(), tasks.clone());
    tasks.spawn_vital("metrics", async move {
        while timeout(UPKEEP_INTERVAL, stop.stopping()).await.is_err() {
            summed_up.run_upkeep();
        }
    });
    Ok(admin::metrics_route(handle))
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
