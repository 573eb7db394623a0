//! What operators ask a process: `/livez`, `/readyz`, `/metrics` (decision 24).

use axum::{Json, Router, extract::State, response::IntoResponse, routing::get};
use colloquy_contracts::Envelope;
use http::{StatusCode, header};
use metrics_exporter_prometheus::PrometheusHandle;

use crate::{figures::Figures, readiness::Readiness};

/// The paths of operators, who ask every few seconds.
pub(crate) const ROUTES: [&str; 3] = ["/livez", "/readyz", "/metrics"];

/// `/livez` (always 200 while the process runs) and `/readyz` (503 with what is waited for).
pub fn health_routes(readiness: Readiness) -> Router {
    Router::new()
        .route(
            "/livez",
            get(|| async { Json(Envelope::success("alive", ())) }),
        )
        .route("/readyz", get(ready))
        .with_state(readiness)
}

/// `/metrics` in the Prometheus text format.
pub fn metrics_route(handle: PrometheusHandle, figures: Figures) -> Router {
    let rendered = move || async move {
        figures.refresh().await;
        let format = [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )];
        (format, handle.render())
    };
    Router::new().route("/metrics", get(rendered))
}

async fn ready(State(readiness): State<Readiness>) -> impl IntoResponse {
    let waiting = readiness.waiting_for();
    if waiting.is_empty() {
        return (StatusCode::OK, Json(Envelope::success("ready", ())));
    }
    (
        StatusCode::SERVICE_UNAVAILABLE,
        Json(Envelope::failure(format!(
            "waiting for {}",
            waiting.join(", ")
        ))),
    )
}
