//! The id of the request that is being answered, so that every line of the log and every call that it leads to can be
//! found by it. It follows the tasks that answer; a task started on the side has none.

use std::future::Future;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderName, HeaderValue};
use tracing::Instrument as _;
use uuid::Uuid;

use crate::{
    request_span::{Exposure, RequestSpan},
    trace_context::{self, TRACEPARENT, TraceParent},
};

/// Carries a request's id on every answer, and from service to service.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    static CURRENT: HeaderValue;
}

/// The id of the request that this task answers.
#[must_use]
pub fn current() -> Option<HeaderValue> {
    CURRENT.try_with(HeaderValue::clone).ok()
}

/// Runs a future as a part of the request with this id.
pub async fn within<F: Future>(id: HeaderValue, future: F) -> F::Output {
    CURRENT.scope(id, future).await
}

/// Runs a future as a part of the request that this task answers, in whichever task it will run.
pub(crate) fn inherited<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let id = current();
    async move {
        match id {
            Some(id) => within(id, future).await,
            None => future.await,
        }
    }
}

/// Keeps a well-formed id that came with the request, else makes one; spans, calls and the answer carry it. Likewise the
/// trace, which the answer does not carry.
pub(crate) async fn with_request_id(
    State(exposure): State<Exposure>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = request
        .headers()
        .get(&REQUEST_ID)
        .filter(|id| well_formed(id))
        .cloned()
        .unwrap_or_else(|| {
            HeaderValue::from_str(&Uuid::new_v4().simple().to_string())
                .expect("hexadecimal digits are a header value")
        });
    let came_with = TraceParent::of(request.headers());
    let trace = TraceParent::following(came_with);
    let span = RequestSpan::begin(&request, trace, came_with, exposure);
    let logged = tracing::info_span!(
        "request", request.id = id.to_str().unwrap_or_default(), trace.id = %trace.trace_id(),
        http.method = %request.method()
    );
    request.headers_mut().insert(REQUEST_ID, id.clone());
    request.headers_mut().insert(TRACEPARENT, trace.to_header());
    let answering = trace_context::within(trace, next.run(request).instrument(logged));
    let mut response = within(id.clone(), answering).await;
    span.end(&mut response);
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

fn well_formed(id: &HeaderValue) -> bool {
    (1..=64).contains(&id.len())
        && id
            .as_bytes()
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte))
}
