//! Counts what clients are answered, and how long that takes: what the system looks like from outside.

use axum::{extract::Request, middleware::Next, response::Response};
use colloquy_chassis::router::SpanName;
use tokio::time::Instant;

use crate::route_path::PREFIXES;

const ANSWERS: &str = "colloquy_gateway_answers_total";
const TIMES: &str = "colloquy_gateway_answer_seconds";
/// The label of requests whose path names no service.
const NO_SERVICE: &str = "none";

pub(crate) fn describe() {
    metrics::describe_counter!(
        ANSWERS,
        "Answers to clients, by the service that the path names and the status."
    );
    metrics::describe_histogram!(
        TIMES,
        "Time from a whole request head to the answer's head, by the service that the path names."
    );
    for (_, service) in PREFIXES {
        let _ = metrics::histogram!(TIMES, "service" => service.name());
    }
}

/// Counts the answer to a request, and names its span. One whose client hangs up has no answer.
pub(crate) async fn counted(request: Request, next: Next) -> Response {
    let prefix = request.uri().path().split('/').nth(1).unwrap_or_default();
    let service = PREFIXES.iter().find(|(named, _)| *named == prefix);
    let service = service.map_or(NO_SERVICE, |(_, service)| service.name());
    let began = Instant::now();
    let mut response = next.run(request).await;
    response.extensions_mut().insert(SpanName(service));
    metrics::histogram!(TIMES, "service" => service).record(began.elapsed().as_secs_f64());
    let code = response.status().as_str().to_owned();
    metrics::counter!(ANSWERS, "service" => service, "code" => code).increment(1);
    response
}
