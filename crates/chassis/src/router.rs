//! What every service's router has in common: errors in the envelope, a request id, security headers, a body limit, no
//! panic that escapes, no change that is half carried out.

use axum::{Router, extract::DefaultBodyLimit, middleware, response::IntoResponse};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    ApiError, Kind, carried_out::carried_out, request_id::with_request_id, request_span::Exposure,
    security_headers,
};
pub use crate::{request_id::REQUEST_ID, request_span::SpanName};

/// Bodies over this many bytes are 413 (decision 31).
pub const BODY_LIMIT: usize = 256 * 1024;

/// Finishes a service's router: call it last, after every route. A call that may change something (any method but `GET`,
/// `HEAD`, `OPTIONS` and `TRACE`) and has begun is carried out to its end, also when its client hangs up.
pub fn finish(router: Router) -> Router {
    let router = guard(router.fallback(not_found));
    named(
        router.layer(middleware::from_fn(carried_out)),
        Exposure::Internal,
    )
}

/// What stands in front of every route of a process, for a router that answers unknown paths itself: as [`finish`], but
/// that a call ends when its client hangs up. The services behind it carry out what they have begun.
pub fn wrap(router: Router) -> Router {
    named(guard(router), Exposure::Public)
}

fn guard(router: Router) -> Router {
    router
        .method_not_allowed_fallback(|| async { ApiError::of(Kind::MethodNotAllowed) })
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(CatchPanicLayer::custom(|_| {
            tracing::error!("a handler panicked");
            ApiError::of(Kind::Internal).into_response()
        }))
}

/// A request id and security headers, and nothing else.
pub fn on_every_answer(router: Router) -> Router {
    named(router, Exposure::Internal)
}

fn named(router: Router, exposure: Exposure) -> Router {
    let router = router.layer(middleware::from_fn_with_state(exposure, with_request_id));
    security_headers::on_every_answer(router)
}

/// 404 in the envelope.
pub async fn not_found() -> ApiError {
    ApiError::of(Kind::NotFound)
}
